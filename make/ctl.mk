# kabinetctl, the operators' tool.
CTL_SRC = $(wildcard tools/kabinetctl/*.c tools/kabinetctl/*/*.c)
CTL_OBJ = $(CTL_SRC:%.c=$(OUT)/%.o)

.PHONY: ctl
ctl: $(OUT)/kabinetctl ## the operators' tool

$(CTL_OBJ): KAB_CFLAGS += -Itools/kabinetctl

$(OUT)/kabinetctl: $(CTL_OBJ) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(KAB_CFLAGS) -Wl,-rpath,'$$ORIGIN/../lib/kabinet' -o $@ $(CTL_OBJ) $(LIB) $(KAB_LIBS)

.PHONY: bench-import
bench-import: $(OUT)/kabinetctl ## time the import of 100,000 accounts
	@tests/with-servers.sh tests/bench/import.sh $(OUT)/kabinetctl

-include $(CTL_OBJ:.o=.d)
