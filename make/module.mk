# The dynamic module, against the nginx that Debian's nginx-dev describes.
NGX_SRC    ?= /usr/share/nginx/src
WEB_DIR    ?= /usr/share/kabinet/web
MODULE      = $(OUT)/ngx_http_kabinet_module.so
NGX_OBJS    = $(abspath $(OUT)/nginx)
MODULE_SRC  = config make/module.mk $(wildcard ngx_module/*.[ch] ngx_module/*/*.[ch])
MODULE_CC   = -Wno-unused-parameter

.PHONY: module
module: $(MODULE) ## the nginx module

# Configured once for a version of nginx and of our own build description.
$(NGX_OBJS)/Makefile: config make/module.mk make/module.map $(NGX_SRC)/conf_flags | $(LIB)
	@rm -rf $(NGX_OBJS) && mkdir -p $(NGX_OBJS)
	cd $(NGX_SRC) && KABINET_LIB=$(abspath $(LIB)) KABINET_WEB=$(WEB_DIR) bash -c '. ./conf_flags; \
	    ./configure "$${NGX_CONF_FLAGS[@]}" --builddir=$(NGX_OBJS) --add-dynamic-module=$(CURDIR) \
	    --with-cc-opt="-g -O2 $(CFLAGS_lto) -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIC $(MODULE_CC)" \
	    --with-ld-opt="-O2 $(CFLAGS_lto) -Wl,--version-script=$(CURDIR)/make/module.map -Wl,-z,relro -Wl,-z,now -fPIC"' \
	    > $(NGX_OBJS)/configure.log \
	    || { cat $(NGX_OBJS)/configure.log; exit 1; }

$(MODULE): $(NGX_OBJS)/Makefile $(MODULE_SRC) $(LIB)
	@echo "  NGX $@"
	@# The folder of the fast libargon2 (make/argon2.mk), from /usr/lib/nginx/modules.
	@cd $(NGX_SRC) && LD_RUN_PATH='$$ORIGIN/../../kabinet' \
	    $(MAKE) --no-print-directory -s -f $(NGX_OBJS)/Makefile modules
	@# Renamed into place: an nginx that runs has the old file mapped, and writing into it ends its workers.
	@cp $(NGX_OBJS)/ngx_http_kabinet_module.so $@.part
	@mv -f $@.part $@
