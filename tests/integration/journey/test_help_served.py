"""The help tree as it is served: a language at a time, a brand's own if it has one, no hole unseen."""

import json
import re
import shutil

import conf
import pytest

from support import ROOT
from test_nginx_config import refused

WEB = ROOT / "web"
TREE = json.loads((WEB / "help.json").read_text(encoding="utf-8"))


@pytest.fixture
def still(stack):
    """Everything but nginx runs."""
    stack.stop_nginx("term")
    return stack


@pytest.fixture
def web(tmp_path):
    """A copy of the pages, to be spoiled."""
    shutil.copytree(WEB, tmp_path / "web")
    shutil.copytree(ROOT / "i18n", tmp_path / "i18n")
    return tmp_path / "web"


@pytest.fixture
def brand(tmp_path):
    shutil.copytree(ROOT / "conf" / "brands" / "indigo", tmp_path / "own")
    return tmp_path / "own"


def in_language(value, lang):
    if isinstance(value, dict):
        return value[lang] if lang in value else {key: in_language(part, lang) for key, part in value.items()}
    return [in_language(part, lang) for part in value] if isinstance(value, list) else value


def test_a_language_at_a_time(gateway):
    browser = gateway.browser()
    for lang in ("kk", "ru", "en"):
        answer = browser.get(f"/kabinet/help/{lang}.json")
        assert answer.status == 200 and answer.header("content-type") == "application/json"
        assert answer.json == in_language(TREE, lang)
        again = browser.get(f"/kabinet/help/{lang}.json", headers={"If-None-Match": answer.header("etag")})
        assert again.status == 304
    for path in ("/kabinet/help.json", "/kabinet/help/de.json", "/kabinet/help/"):
        assert browser.get(path).status == 404
    page = browser.get("/kabinet/help?topic=bmg_mismatch")
    assert page.status == 200 and page.header("cache-control") == "no-store"
    assert "unsafe" not in page.header("content-security-policy")


@pytest.mark.parametrize("old, new, words", [
    ('"bmg_how", "bmg_not_registered", "bmg_mismatch", "bmg_consent_required"', '"bmg_who"',
     'nodes.bmg.more: there is no node "bmg_who"'),
    ('"url": "https://egov.kz/"', '"url": "http://egov.kz/"', 'url: "http://egov.kz/" leads nowhere'),
    ('"ru": "Я не знаю что такое БМГ', '"de": "Я не знаю что такое БМГ', 'nodes.bmg.situation: "ru" is missing'),
    ('"first": [', '"first": [,', "is not JSON"),
])
def test_a_hole_in_the_tree_is_named(still, web, old, new, words):
    text = (web / "help.json").read_text(encoding="utf-8")
    assert old in text
    (web / "help.json").write_text(text.replace(old, new, 1), encoding="utf-8")
    said = refused(still, server=f"location /a {{ kabinet_gateway web={web}; }}")
    assert said.startswith(f'kabinet_gateway: "{web}/help.json": ')
    assert words in said and re.search(r" in /\S+nginx\.conf:\d+$", said)


def test_a_hole_in_a_brands_tree_is_named(still, brand):
    (brand / "help.json").write_text('{"title": 1}', encoding="utf-8")
    said = refused(still, server=f"kabinet_brand own dir={brand.parent};")
    assert said.startswith(f'kabinet_brand: "{brand}/help.json": the tree: "lead" is missing')


def test_a_brand_may_have_its_own(gateway, brand):
    """In the place of the pages' own, for its servers alone; a reload brings it."""
    three = {"kk": "Басқа", "ru": "Другая", "en": "Another"}
    tree = {"title": three, "lead": three, "first": ["a"],
            "nodes": {"a": {"situation": three, "solution": [{"text": three}]}}}
    (brand / "help.json").write_text(json.dumps(tree), encoding="utf-8")
    gateway.stack.server_extra = f"kabinet_brand own dir={brand.parent};"
    gateway.stack.reload_nginx()
    assert gateway.browser().get("/kabinet/help/ru.json").json == in_language(tree, "ru")
    host = f"{conf.brand_host('sakura')}:{gateway.port}"
    assert gateway.browser().get("/kabinet/help/ru.json", headers={"Host": host}).json == in_language(TREE, "ru")


def test_pages_without_a_tree_start_too(still, web):
    (web / "help.json").unlink()
    still.conf_extra = still.http_extra = ""
    still.server_extra = f"location /a {{ kabinet_gateway web={web}; }}"
    still.start_nginx()
