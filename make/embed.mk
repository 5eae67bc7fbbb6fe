# What is compiled in: migrations and the texts of messages.
SQL_SRC = $(sort $(wildcard sql/[0-9]*.sql))
I18N    = $(wildcard i18n/*.json)
CORE_OBJ += $(OUT)/gen/migrations.o $(OUT)/gen/messages.o

$(OUT)/gen/migrations.c: $(SQL_SRC) tools/embed-sql.sh
	@mkdir -p $(@D)
	@sh tools/embed-sql.sh $(SQL_SRC) > $@.part
	@mv $@.part $@

$(OUT)/gen/messages.c: $(I18N) tools/embed-messages.py
	@mkdir -p $(@D)
	@/usr/bin/python3 tools/embed-messages.py i18n > $@.part
	@mv $@.part $@

$(OUT)/gen/%.o: $(OUT)/gen/%.c
	@echo "  CC  $<"
	@$(CC) $(KAB_CFLAGS) -MMD -MP -c -o $@ $<
