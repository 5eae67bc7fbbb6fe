# The migrations, compiled into the library.
SQL_SRC = $(sort $(wildcard sql/[0-9]*.sql))
CORE_OBJ += $(OUT)/gen/migrations.o

$(OUT)/gen/migrations.c: $(SQL_SRC) tools/embed-sql.sh
	@mkdir -p $(@D)
	sh tools/embed-sql.sh $(SQL_SRC) > $@.part
	@mv $@.part $@

$(OUT)/gen/migrations.o: $(OUT)/gen/migrations.c
	$(CC) $(KAB_CFLAGS) -MMD -MP -c -o $@ $<
