# Where Debian's nginx and its admins look for things. What an admin wrote is never overwritten.
# LIB_DIR is where the module looks for a fast libargon2.
MODULES_DIR ?= /usr/lib/nginx/modules
SBIN_DIR    ?= /usr/sbin
SHARE_DIR   ?= /usr/share/kabinet
LIB_DIR      = $(abspath $(MODULES_DIR)/../../kabinet)
ETC_DIR     ?= /etc/kabinet

.PHONY: install
install: module ctl breach ## the module, kabinetctl, the pages, examples; DESTDIR for packages
	install -D -m 644 $(MODULE) $(DESTDIR)$(MODULES_DIR)/ngx_http_kabinet_module.so
	install -D -m 755 $(OUT)/kabinetctl $(DESTDIR)$(SBIN_DIR)/kabinetctl
	install -d $(DESTDIR)$(SHARE_DIR)/web/assets $(DESTDIR)$(SHARE_DIR)/i18n $(DESTDIR)$(ETC_DIR)/agreements
	install -m 644 web/*.html web/help.json $(DESTDIR)$(SHARE_DIR)/web
	install -m 644 web/assets/* $(DESTDIR)$(SHARE_DIR)/web/assets
	install -m 644 i18n/*.json $(DESTDIR)$(SHARE_DIR)/i18n
	install -m 644 conf/nginx.conf.example $(DESTDIR)$(ETC_DIR)
	@[ ! -d $(ARGON2)/glibc-hwcaps ] || { cd $(ARGON2) && find glibc-hwcaps -name '*.so.1' \
	    -exec install -D -m 644 {} $(abspath $(DESTDIR)$(LIB_DIR))/{} \; ; }
	@for f in conf/kabinet.conf $(BREACH_FILE); do \
	    [ -e $(DESTDIR)$(ETC_DIR)/$${f##*/} ] || install -m 644 $$f $(DESTDIR)$(ETC_DIR); done
	@for f in conf/agreements/*.txt; do \
	    [ -e $(DESTDIR)$(ETC_DIR)/agreements/$${f##*/} ] || install -m 644 $$f $(DESTDIR)$(ETC_DIR)/agreements; done
	@for d in conf/brands/*/; do b=$(DESTDIR)$(ETC_DIR)/brands/$$(basename $$d); \
	    [ -e $$b ] || { install -d $$b && install -m 644 $$d* $$b; } || exit 1; done
