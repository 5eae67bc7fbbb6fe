# Figures; never part of the tests.
BENCH_BIN = $(addprefix $(OUT)/bench-,sessions messages hashes lookups argon2)
$(OUT)/bench-argon2: KAB_LIBS = -largon2 -lcrypto

$(OUT)/bench-%: tests/bench/%.c tests/bench/world.h $(LIB)
	@mkdir -p $(@D)
	$(CC) $(KAB_CFLAGS) -o $@ $< $(LIB) $(KAB_LIBS)

.PHONY: bench bench-build bench-argon2
bench-build: $(BENCH_BIN)

bench: ## figures beside their targets, in nine minutes
	@tools/packages.sh bench
	@$(MAKE) --no-print-directory -s -j2 lib
	@$(MAKE) --no-print-directory -s module ctl breach bench-build
	@KABINET_BUILD=$(OUT) python3 tests/bench/bench.py

BENCH_BIN = $(addprefix $(OUT)/bench-,sessions messages hashes lookups argon2)
$(OUT)/bench-argon2: KAB_LIBS = -largon2 -lcrypto
