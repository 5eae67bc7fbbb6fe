# make help lists what can be done; README.md says what to expect.
BUILD   ?= build
CC      ?= cc
MODE    ?= release

PKGS     = jansson libpq hiredis libargon2 libutf8proc libqrencode libcrypto libcurl
WARN     = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2
# Linked as one (LTO): what a guarded request runs through lies in many rooms.
CFLAGS_lto     = -flto=auto -fno-plt
CFLAGS_release = -O2 -g $(CFLAGS_lto) -ffat-lto-objects -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_asan    = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
                 -fno-sanitize-recover=undefined
CFLAGS_tsan    = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
KAB_CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -Icore $(WARN) $(CFLAGS_$(MODE)) \
             $(shell pkg-config --cflags $(PKGS))
KAB_LIBS   := $(shell pkg-config --libs $(PKGS)) -lpthread -lm

OUT      = $(BUILD)/$(MODE)
CORE_SRC = $(wildcard core/*.c core/*/*.c core/*/*/*.c)
CORE_OBJ = $(CORE_SRC:%.c=$(OUT)/%.o)
LIB      = $(OUT)/libkabinet.a
UNIT_SRC = $(wildcard tests/unit/*/test_*.c)
UNIT_BIN = $(UNIT_SRC:tests/unit/%.c=$(OUT)/unit/%)

include $(wildcard make/*.mk)

.PHONY: help lib unit clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 15

lib: $(LIB) ## the core library

$(LIB): $(CORE_OBJ)
	@rm -f $@
	@echo "  AR  $@"
	@$(AR) rcs $@ $^

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@$(CC) $(KAB_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(KAB_CFLAGS) -Itests/unit -MMD -MP -o $@ $< $(LIB) -lcmocka $(KAB_LIBS)

.PRECIOUS: $(OUT)/%.o

unit-build: $(UNIT_BIN)

unit: ## cmocka units under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory MODE=asan unit-build
	@for t in $(UNIT_SRC:tests/unit/%.c=$(BUILD)/asan/unit/%); do echo "== $$t"; ./$$t || exit 1; done

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(CORE_OBJ:.o=.d) $(UNIT_BIN:=.d)
