"""Writes the texts "message.…" of i18n/*.json to stdout as a C table; the languages in kab_languages' order."""

import json
import pathlib
import sys

LANGUAGES = ("ru", "kk", "en")


def literal(text):
    """A C string of UTF-8; '?' is escaped because C11 still knows trigraphs."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


folder = pathlib.Path(sys.argv[1])
catalogues = [json.loads((folder / f"{lang}.json").read_text(encoding="utf-8")) for lang in LANGUAGES]
names = sorted(name for name in catalogues[0] if name.startswith("message."))
for catalogue in catalogues:
    missing = set(names) - set(catalogue)
    if missing:
        sys.exit(f"texts are missing: {', '.join(sorted(missing))}")

print('/* Made by tools/embed-messages.py from i18n/. */\n#include "cabinet/message/message.h"\n')
print("const kab_message_text_t kab_message_texts[] = {")
for name in names:
    print(f"    {{{literal(name)}, {{{', '.join(literal(catalogue[name]) for catalogue in catalogues)}}}}},")
print("    {NULL, {NULL, NULL, NULL}},\n};")
