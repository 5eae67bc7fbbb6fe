# The adapters of providers, against the sandbox that plays them (tests/with-sandbox.sh).
PROVIDER_SRC = $(wildcard tests/provider/test_*.c)
PROVIDER_SHARED = $(addprefix tests/provider/,outside.c outside.h line.c line.h)
PROVIDER_BIN = $(PROVIDER_SRC:tests/provider/%.c=$(OUT)/provider-tests/%)

$(OUT)/provider-tests/%: tests/provider/%.c $(PROVIDER_SHARED) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(KAB_CFLAGS) -Itests/provider -o $@ $< $(filter %.c,$(PROVIDER_SHARED)) $(LIB) -lcmocka $(KAB_LIBS)

.PHONY: provider-test provider-test-build
provider-test-build: $(PROVIDER_BIN)

provider-test: ## push, SMS and BMG against the sandbox, under sanitizers
	@$(MAKE) --no-print-directory MODE=asan provider-test-build
	@tests/with-sandbox.sh sh -c 'for t in $(PROVIDER_SRC:tests/provider/%.c=$(BUILD)/asan/provider-tests/%); \
	    do echo "== $$t"; ./$$t || exit 1; done'
