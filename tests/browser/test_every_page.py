"""What must hold of every page, in every language, on a phone and on a desk."""

import pytest

from page import LANGUAGES

WIDTHS = (320, 360, 1280)
PAGES = {
    "login": ("/kabinet/login", "iin", False),
    "agreement": ("/kabinet/consents/terms", "text", False),
    "missing": ("/kabinet/nothing-here", "main", False),
    "help": ("/kabinet/help", "name", False),
    "answer": ("/kabinet/help?topic=bmg&from=recovery", "name", False),
    "cabinet": ("/kabinet/cabinet", "my-iin", True),
}


def look(page, name):
    for width in WIDTHS:
        page.size(width)
        assert not page.wide(), f"{name} scrolls sideways at {width} px"
    page.size(360)
    assert page.complaints() == []
    page.size(1280)
    assert page.complaints() == []
    assert page.untold() == []


@pytest.mark.parametrize("name", PAGES)
def test_accessible_and_narrow(page, name):
    path, sign, inside = PAGES[name]
    if inside:
        page.sign_in()
    for lang in LANGUAGES:
        page.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        page.shown(sign)
        look(page, f"{name} in {lang}")


def test_second_step_with_an_error(page):
    page.open("/kabinet/login?lang=kk")
    page.identify()
    page.find("sign-in").click()
    page.wait(lambda: page.text("password-error"))
    look(page, "step 2")


def test_dark(page):
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    try:
        page.open("/kabinet/login?lang=ru")
        page.shown("iin")
        assert page.complaints() == []
        page.sign_in()
        page.shown("my-iin")
        assert page.complaints() == []
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_nothing_from_elsewhere(page):
    """No third party, nothing inline: the policy says so and the page needs no exception."""
    page.open("/kabinet/login?lang=ru")
    page.shown("iin")
    names = page.script("return performance.getEntriesByType('resource').map((r) => r.name)")
    assert names and all(name.startswith(page.url + "/") for name in names)
    for kind in ("script:not([src])", "style", "[style]", "[onclick]"):
        assert page.all(kind) == [], kind
    policy = page.gateway.browser().get("/kabinet/login").header("content-security-policy")
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_words_for_a_page_whose_texts_are_lost(page):
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/kabinet/i18n/*"]})
    try:
        page.driver.get(page.url + "/kabinet/login")
        page.wait(lambda: "обновите страницу" in page.all(".boot")[0].text)
    finally:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.errors()
