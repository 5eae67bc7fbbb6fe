# Tests that need a PostgreSQL and a Redis of their own (tests/with-servers.sh).
STORE_SRC = $(wildcard tests/store/test_*.c)
STORE_BIN = $(STORE_SRC:tests/store/%.c=$(OUT)/store-tests/%)

$(OUT)/store-tests/%: tests/store/%.c tests/store/world.h $(LIB)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(KAB_CFLAGS) -Itests/store -MMD -MP -o $@ $< $(LIB) -lcmocka $(KAB_LIBS)

.PHONY: store-test store-test-build
store-test-build: $(STORE_BIN)

store-test: ## store and cabinet against a private PostgreSQL and Redis, under sanitizers
	@$(MAKE) --no-print-directory MODE=asan store-test-build
	@tests/with-servers.sh sh -c 'for t in $(STORE_SRC:tests/store/%.c=$(BUILD)/asan/store-tests/%); \
	    do echo "== $$t"; ./$$t || exit 1; done'
