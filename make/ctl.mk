# kabinetctl, the operators' tool.
CTL_SRC = $(wildcard tools/kabinetctl/*.c)
CTL_OBJ = $(CTL_SRC:%.c=$(OUT)/%.o)

.PHONY: ctl
ctl: $(OUT)/kabinetctl ## the operators' tool

$(CTL_OBJ): KAB_CFLAGS += -Itools/kabinetctl

$(OUT)/kabinetctl: $(CTL_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(KAB_CFLAGS) -o $@ $(CTL_OBJ) $(LIB) $(KAB_LIBS)

-include $(CTL_OBJ:.o=.d)
