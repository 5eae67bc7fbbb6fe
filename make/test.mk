AXE = tests/browser/node_modules/axe-core/axe.min.js

.PHONY: test
test: ## everything: units, stores, flows, the real servers, the pages
	@tools/packages.sh test
	@$(MAKE) --no-print-directory -s -j2 lib
	@$(MAKE) --no-print-directory -s module ctl breach $(OUT)/bench-sessions $(AXE)
	@MAKE="$(MAKE)" tests/run.sh

# The accessibility rules, for Chromium. An organisation's own authorities stand in the system's bundle.
CA_BUNDLE = $(wildcard /etc/ssl/certs/ca-certificates.crt)
$(AXE): tests/browser/package-lock.json
	@npm ci --prefix tests/browser $(CA_BUNDLE:%=--cafile=%) --ignore-scripts --no-audit --no-fund \
	    --loglevel=error && touch $@ || echo "axe-core could not be fetched: its tests will be skipped"
