AXE = tests/browser/node_modules/axe-core/axe.min.js

.PHONY: test
test: ## everything: units, stores, flows, the real servers, the pages
	@tools/packages.sh test
	@$(MAKE) --no-print-directory -s -j2 lib
	@$(MAKE) --no-print-directory -s module ctl breach $(AXE)
	@MAKE="$(MAKE)" tests/run.sh

# The accessibility rules, for Chromium.
$(AXE): tests/browser/package-lock.json
	@npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
