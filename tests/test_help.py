"""The help tree: whole in three languages, no link to nowhere, the guide's words, the pages' own names."""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
LANGUAGES = ("kk", "ru", "en")
TREE = json.loads((ROOT / "web" / "help.json").read_text(encoding="utf-8"))
NODES = TREE["nodes"]
TEXTS = {lang: json.loads((ROOT / "i18n" / f"{lang}.json").read_text(encoding="utf-8")) for lang in LANGUAGES}
PAGE = (ROOT / "web" / "assets" / "help.js").read_text(encoding="utf-8")
LINKS = (ROOT / "web" / "assets" / "help-link.js").read_text(encoding="utf-8")
CODES = (ROOT / "core" / "base" / "error.h").read_text() + (ROOT / "core" / "base" / "error.c").read_text()

# FLOWS.md 5 and the guide, word for word.
GUIDE = (
    "У вас есть вопросы по активации мобильного приложения ed24.kz?",
    "Мы подскажем, как получить одноразовый пароль. Расскажите больше о вашей ситуации",
    "Я не знаю что такое БМГ и как там зарегистрироваться",
    "Зарегистрироваться в базе мобильных граждан можно несколькими способами.",
    "1 способ. Регистрация номера телефона через портал eGov.kz",
    "2 способ. Регистрация номера телефона через мобильное приложение eGov mobile",
    "3 способ. Регистрация номера телефона через фронт-офисы НАО «ГК «Правительство для граждан»",
    "Для регистрации 1 и 2 способами перейдите по ссылке:",
    "Инструкция по регистрации в Базе мобильных граждан (БМГ)",
    "Проверить наличие номера телефона в Базе мобильных граждан можно по ссылке",
    "https://egov.kz/services/CMDSearch/#/",
)
# Where a solution says what to press, it says what stands on the button.
QUOTED = (
    ("otp", "app.events"), ("otp_refused", "recovery.new_password_pair"), ("sms_missing", "app.again"),
    ("sms_missing", "app.other_number"), ("notice_missing", "recovery.resend"), ("new_phone", "recovery.new_device"),
    ("unasked", "app.not_me"),
)


def texts(value):
    """Every text in three languages within."""
    if isinstance(value, dict):
        if set(value) & set(LANGUAGES):
            yield value
        else:
            for part in value.values():
                yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def links(node):
    yield from (block["link"] for block in node["solution"] if "link" in block)


def leads(node):
    return {link["node"] for link in links(node) if "node" in link} | set(node.get("more", ()))


def said(value, lang):
    return json.dumps([text[lang] for text in texts(value)], ensure_ascii=False)


def test_every_text_stands_in_three_languages():
    found = list(texts(TREE))
    assert len(found) > 80
    for text in found:
        assert tuple(text) == LANGUAGES
        assert all(words.strip() == words and words for words in text.values()), text
    for name, node in NODES.items():
        assert set(node["situation"]) == set(LANGUAGES), name


@pytest.mark.parametrize("name", NODES)
def test_every_link_leads_somewhere(name):
    assert leads(NODES[name]) <= set(NODES)
    assert name not in NODES[name].get("more", ())
    for link in links(NODES[name]):
        assert len({"url", "node", "page"} & set(link)) == 1
        assert link.get("url", "https://").startswith("https://")
        if "page" in link:
            assert f"  {link['page']}: ['/kabinet/{link['page']}'," in PAGE


def test_every_situation_is_found_from_the_first_ones():
    assert len(TREE["first"]) == len(set(TREE["first"]))
    seen, new = set(), set(TREE["first"])
    while new:
        seen |= new
        new = {name for found in new for name in leads(NODES[found])} - seen
    assert seen == set(NODES)


def test_the_guide_is_kept_word_for_word():
    assert TREE["first"][0] == "bmg"
    assert GUIDE[0] == TREE["title"]["ru"] and GUIDE[1] == TREE["lead"]["ru"]
    assert GUIDE[2] == NODES["bmg"]["situation"]["ru"]
    solution = json.dumps(NODES["bmg"]["solution"], ensure_ascii=False)
    places = [solution.index(words) for words in GUIDE[3:]]
    assert places == sorted(places)


def test_every_refusal_of_bmg_has_an_answer():
    codes = set(re.findall(r'"(bmg_[a-z_]+)"', CODES))
    assert len(codes) == 4
    assert codes <= set(NODES)
    assert set(re.findall(r"'(bmg_[a-z_]+)'", LINKS)) == codes


@pytest.mark.parametrize("lang", LANGUAGES)
def test_buttons_are_called_by_their_names(lang):
    for name, text in QUOTED:
        words = TEXTS[lang][text]
        assert re.search(f"[«“]{re.escape(words)}[»”]", said(NODES[name], lang)), (name, words)
    for name, text in (("other_number", "Обновить номер"),):
        assert text in said(NODES[name], "ru")
