.PHONY: test
test: ## everything: units, stores, flows, the real servers, the pages
	@tools/packages.sh test
	@MAKE="$(MAKE)" tests/run.sh
