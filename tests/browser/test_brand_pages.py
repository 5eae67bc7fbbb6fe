"""Five brands from one run: each page has its own name, logo, colours and links, and is read by everybody."""

import json
import pathlib

import pytest
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS, Page

ROOT = pathlib.Path(__file__).resolve().parents[2]
BRANDS = {path.parent.name: json.loads(path.read_text(encoding="utf-8"))
          for path in sorted((ROOT / "conf" / "brands").glob("*/brand.json"))}
IIN = "880314493312"
LIGHT = {"features": []}
DARK = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}


def at_brand(page, name):
    """The same tab and servers, at the brand's own host."""
    shown = Page(page.driver, page.gateway)
    shown.url = f"http://{name}.localhost:{page.gateway.port}"
    return shown


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour[i:i + 2], 16) for i in (1, 3, 5)))


def look(page):
    """What a person sees of a brand: name, picture, colours of a button and of a link."""
    page.wait(lambda: page.script("return document.querySelector('.brand img').naturalWidth") > 0)
    return page.script("""
        const css = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
        return {
          name: document.querySelector('.brand-name').textContent,
          link: css('.foot .links a', 'color'),
          hero: css('.hero', 'backgroundImage'),
          button: getComputedStyle(document.documentElement).getPropertyValue('--brand').trim(),
        };""")


def picture(page):
    return page.driver.execute_async_script(
        "fetch(document.querySelector('.brand img').src).then((r) => r.text()).then(arguments[0]);")


@pytest.fixture
def theme(page):
    """Sets the theme that the person wishes for; in the end there is none."""
    yield lambda name: page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", DARK if name == "dark" else LIGHT)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", LIGHT)


def test_five_pages_show_five_brands(page, theme):
    seen = {}
    for name, data in BRANDS.items():
        shown = at_brand(page, name)
        for wish in ("light", "dark"):
            theme(wish)
            shown.open("/kabinet/login?lang=ru")
            shown.shown("iin")
            found, colours = look(shown), data["colours"][wish]
            assert found["name"] == data["name"]
            assert found["link"] == rgb(colours["link"])
            assert found["button"] == colours["brand"]
            assert rgb(colours["brand"]) in found["hero"] and rgb(colours["brand-deep"]) in found["hero"]
            seen[name, wish] = found
        assert picture(shown) == (ROOT / "conf" / "brands" / name / "logo.svg").read_text(encoding="utf-8")
        seen[name, "logo"] = picture(shown)
    assert len(BRANDS) == 5
    for part in ("name", "link", "hero"):
        assert len({seen[name, "light"][part] for name in BRANDS}) == 5
    assert len({seen[name, "logo"] for name in BRANDS}) == 5


@pytest.mark.parametrize("name", BRANDS)
def test_everybody_can_read_it(page, theme, name):
    shown = at_brand(page, name)
    for wish in ("light", "dark"):
        theme(wish)
        shown.open("/kabinet/login?lang=ru")
        shown.shown("iin")
        for width in (320, 1280):
            shown.size(width)
            assert not shown.wide(), width
            assert shown.complaints() == []
    for lang in LANGUAGES:
        shown.open(f"/kabinet/login?lang={lang}")
        links = shown.all(".foot .links a")
        assert [link.text for link in links] == [link["text"][lang] for link in BRANDS[name]["links"]]
        assert shown.untold() == []


def test_sign_in_at_a_brand(page):
    """Cookies, origin and the way back are the host's own; the other brands know nothing of it."""
    indigo, sakura = at_brand(page, "indigo"), at_brand(page, "sakura")
    indigo.sign_in(IIN)
    assert indigo.shown("my-iin").text == "88********12"
    assert indigo.script("return document.querySelector('.brand-name').textContent") == "INDIGO"
    page.driver.get(sakura.url + "/")
    sakura.at("/kabinet/login")
    sakura.ready()
    sakura.identify(IIN)
    sakura.type("password", page.gateway.people[IIN].password + Keys.ENTER)
    sakura.wait(lambda: page.driver.current_url == sakura.url + "/")


def test_words_of_a_brand(page):
    shown = at_brand(page, "malahit")
    shown.open("/kabinet/nothing-here?lang=ru")
    assert shown.all(".actions a")[0].text == "На портал MALAHIT"
    page.open("/kabinet/nothing-here?lang=ru")
    assert page.all(".actions a")[0].text == WORDS["ru"]["action.portal"]
