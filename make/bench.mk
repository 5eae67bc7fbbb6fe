# Figures; never part of the tests.
BENCH_BIN = $(OUT)/bench-sessions $(OUT)/bench-hashes

$(OUT)/bench-%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(KAB_CFLAGS) -o $@ $< $(LIB) $(KAB_LIBS)

.PHONY: bench-build
bench-build: $(BENCH_BIN)
