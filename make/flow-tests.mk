# Whole calls over kab_handle, without nginx, on a PostgreSQL and a Redis of their own.
FLOW_SRC = $(wildcard tests/flow/test_*.c)
FLOW_BIN = $(FLOW_SRC:tests/flow/%.c=$(OUT)/flow-tests/%)

FLOW_HELP = $(wildcard tests/flow/support/*.c)

$(OUT)/flow-tests/%: tests/flow/%.c $(FLOW_HELP) $(wildcard tests/flow/support/*.h) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(KAB_CFLAGS) -Itests/flow/support -o $@ $< $(FLOW_HELP) $(LIB) -lcmocka $(KAB_LIBS)

.PHONY: flow-test flow-test-build
flow-test-build: $(FLOW_BIN)

flow-test: ## whole flows without nginx against a private PostgreSQL and Redis, under sanitizers
	@$(MAKE) --no-print-directory MODE=asan flow-test-build
	@tests/with-servers.sh sh -c 'for t in $(FLOW_SRC:tests/flow/%.c=$(BUILD)/asan/flow-tests/%); \
	    do echo "== $$t"; ./$$t || exit 1; done'
