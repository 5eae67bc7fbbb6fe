"""The catalogues: the same texts in three languages, none missing, none idle."""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
LANGUAGES = ("kk", "ru", "en")
TEXTS = {
    lang: json.loads((ROOT / "i18n" / f"{lang}.json").read_text(encoding="utf-8")) for lang in LANGUAGES
}
PAGES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "web").rglob("*"))
    if path.suffix in (".html", ".js")
)
CORE = "\n".join(path.read_text() for path in sorted((ROOT / "core").rglob("*.[ch]")))
# Words for what the API may say, whether or not a page asks for them by name.
BY_CODE = ("error.", "field.", "rule.", "consent.", "message.", "event.")


def literal(name):
    return re.search(rf"""['"`]{re.escape(name)}['"`]""", PAGES) is not None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_texts_in_the_same_order(lang):
    assert list(TEXTS[lang]) == list(TEXTS["ru"])
    assert all(text.strip() == text and text for text in TEXTS[lang].values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_places_to_fill(lang):
    for name, text in TEXTS["ru"].items():
        assert sorted(re.findall(r"\{\w+\}", TEXTS[lang][name])) == sorted(re.findall(r"\{\w+\}", text)), name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_link_stands_in_its_sentence(lang):
    for kind in ("terms", "notifications"):
        assert TEXTS[lang][f"consent.{kind}.link"] in TEXTS[lang][f"consent.{kind}.label"]
    for store in ("google_play", "app_store"):
        assert TEXTS[lang][f"recovery.{store}"] in TEXTS[lang]["recovery.install"]


def test_every_text_that_a_page_names_is_there():
    named = set(re.findall(r'''data-t(?:-\w+)?="([a-z_0-9]+\.[a-z_0-9.]+|skip|loading)"''', PAGES))
    named |= {name for name in re.findall(r"'([a-z_]+(?:\.[a-z_0-9]+)+)'", PAGES) if name != "kabinet.lang"}
    assert len(named) > 50
    assert named - set(TEXTS["ru"]) == set()


def test_no_text_is_idle():
    assert [name for name in TEXTS["ru"] if not name.startswith(BY_CODE) and not literal(name)] == []


def test_every_refusal_has_words():
    errors = re.findall(r'X\(\w+,\s*\d+,\s*"([a-z_]+)"', CORE)
    assert len(errors) > 15
    assert [code for code in errors if f"error.{code}" not in TEXTS["ru"]] == []


def events():
    """Kinds that a feed may hold: those of core/cabinet/record/event.c but for what is only audited."""
    named = ROOT / "core" / "cabinet" / "record" / "event.c"
    users = [*(ROOT / "core").rglob("*.c"), *(ROOT / "tools").rglob("*.c")]
    used = "\n".join(path.read_text() for path in users if path != named)
    fed = re.sub(r"kab_audit_add\([^;]*;", "", used)
    kinds = re.findall(r'\[(KAB_EV_\w+)\] = "([a-z_]+)"', named.read_text())
    assert len(kinds) > 20
    return [kind for name, kind in kinds if not re.search(rf"{name}\b", used) or re.search(rf"{name}\b", fed)]


def test_every_event_has_words():
    told = {name for name in TEXTS["ru"] if name.startswith("event.")}
    assert {f"event.{kind}" for kind in (*events(), "other")} == told


def test_the_apps_makers_are_told_of_every_event():
    told = (ROOT / "docs" / "app.md").read_text(encoding="utf-8")
    assert [kind for kind in events() if f"`{kind}`" not in told] == []


def test_every_field_code_has_words():
    codes = set(re.findall(r'kab_call_invalid\([^;]*?"([a-z_]+)"\)', CORE))
    codes |= set(re.findall(r'return "((?:password|iin)_[a-z_]+)"', CORE))
    codes -= {"password"}  # the field, where the code is a variable
    assert len(codes) >= 10
    assert sorted(code for code in codes if f"field.{code}" not in TEXTS["ru"]) == []


def test_every_rule_has_words():
    rules = re.findall(r'= \{"(password_[a-z]+)", "', CORE)
    assert len(rules) == 5
    assert [rule for rule in rules if f"rule.{rule}" not in TEXTS["ru"]] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_messages_fit_an_sms(lang):
    messages = {name: text for name, text in TEXTS[lang].items() if name.startswith("message.")}
    assert messages
    assert [name for name, text in messages.items() if len(text) > 70] == []
    assert messages["message.sms.code"].startswith("{code}")
