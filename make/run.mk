# The demonstration: KABINET_PORT (8080) and KABINET_RUN_DIR (.run) may be set.
.PHONY: run
run: ## Kabinet here, with invented people, until Ctrl-C
	@tools/packages.sh run
	@$(MAKE) --no-print-directory -s module ctl breach
	@KABINET_BUILD=$(OUT) exec python3 tools/run
