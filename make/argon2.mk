# Debian's libargon2 built again for newer processors (docs/argon2.md): for packages and for servers that
# sign many people in. Nothing else needs it. ARGON2_SOURCE: its unpacked source, where there is no network.
ARGON2 = $(BUILD)/argon2

.PHONY: argon2
argon2: ## libargon2 for this generation of processors; make install takes it along
	@tools/packages.sh argon2
	@tools/argon2-native.sh $(ARGON2) $(ARGON2_SOURCE)
