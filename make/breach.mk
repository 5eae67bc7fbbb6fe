# The list of breached passwords, from text to the filter that the server maps.
BREACH_LIST ?= data/breached-passwords.txt
BREACH_FILE  = $(OUT)/breached.kbf

.PHONY: breach
breach: $(BREACH_FILE) ## the filter of breached passwords, from BREACH_LIST

$(BREACH_FILE): $(BREACH_LIST) | $(OUT)/kabinetctl
	@$(OUT)/kabinetctl breach build $(BREACH_LIST) $@
