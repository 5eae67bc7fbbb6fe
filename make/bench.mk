# Figures; never part of the tests.
BENCH_BIN = $(addprefix $(OUT)/bench-,sessions messages hashes lookups block argon2)
$(OUT)/bench-argon2: KAB_LIBS = -largon2 -lcrypto

$(OUT)/bench-%: tests/bench/programs/%.c tests/bench/programs/world.h $(LIB)
	@mkdir -p $(@D)
	$(CC) $(KAB_CFLAGS) -o $@ $< $(LIB) $(KAB_LIBS)

.PHONY: bench bench-build bench-growth bench-argon2
bench-build: $(BENCH_BIN)

bench: ## figures beside their targets, in twelve minutes
	@tools/packages.sh bench
	@$(MAKE) --no-print-directory -s -j2 lib
	@$(MAKE) --no-print-directory -s module ctl breach bench-build
	@KABINET_BUILD=$(OUT) python3 tests/bench/bench.py

bench-growth: ## what becomes of them as accounts and sessions become many
	@tools/packages.sh bench
	@$(MAKE) --no-print-directory -s -j2 lib
	@$(MAKE) --no-print-directory -s module ctl breach bench-build
	@KABINET_BUILD=$(OUT) python3 tests/bench/bench_growth.py

bench-argon2: $(OUT)/bench-argon2 ## Argon2 by every library that is here (docs/argon2.md)
	@tests/bench/argon2.sh $(OUT)/bench-argon2 $(ARGON2)
