# What is read by machines before people read it.
LINT_C   = $(shell git ls-files 'core/*.c' 'tools/*.c')
FORMAT_C = $(shell git ls-files 'core/*.[ch]' 'tools/*.[ch]' 'tests/*.[ch]')
LINT_FLAGS = -std=c11 -D_GNU_SOURCE -Icore -Itools/kabinetctl $(shell pkg-config --cflags $(PKGS))

.PHONY: lint lint-format lint-tidy lint-cppcheck lint-directions
lint: ## clang-format, clang-tidy, cppcheck, dependency directions
	@tools/packages.sh lint
	@$(MAKE) --no-print-directory -j$$(nproc) lint-format lint-directions lint-cppcheck lint-tidy

# nginx's own style in ngx_module/ is nginx's; clang-format cannot write it.
lint-format:
	@echo "  clang-format"
	@clang-format --dry-run --Werror $(FORMAT_C)

lint-directions:
	@echo "  directions"
	@mkdir -p $(BUILD)
	@/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/test_directions.py >$(BUILD)/lint.log \
	    || { cat $(BUILD)/lint.log; exit 1; }

lint-cppcheck:
	@echo "  cppcheck"
	@cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability --suppress=missingIncludeSystem \
	    --suppress=ctuuninitvar --suppress=legacyUninitvar -Icore -Itools/kabinetctl $(LINT_C)

lint-tidy: $(LINT_C:%=$(OUT)/lint/%.ok)

$(OUT)/lint/%.ok: % .clang-tidy
	@mkdir -p $(@D)
	@echo "  clang-tidy  $<"
	@clang-tidy --quiet $< -- $(LINT_FLAGS) 2>$@.log || { cat $@.log; exit 1; }
	@rm -f $@.log && touch $@
