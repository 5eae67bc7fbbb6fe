.PHONY: test
test: ## everything: units, stores, flows, the real servers, the pages
	@tools/packages.sh test
	@$(MAKE) --no-print-directory -s -j2 lib
	@$(MAKE) --no-print-directory -s module ctl breach
	@MAKE="$(MAKE)" tests/run.sh
