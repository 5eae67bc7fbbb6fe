"""The help tree as people meet it: opened from a flow or from the failure, by keyboard, and back to the same place."""

import json
import pathlib
import time

import pytest
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = json.loads((ROOT / "web" / "help.json").read_text(encoding="utf-8"))
NODES = TREE["nodes"]
NO_APP = "920705493744"
FLOW = "abcdefghijklmnopqrstuv"


def title(page):
    return page.shown("name").text


def link(page, words):
    return next(found for found in page.all("#answer a") if found.text.startswith(words))


def at_topic(page, name, lang="ru"):
    wanted = NODES[name]["situation"][lang] if name else TREE["title"][lang]
    page.wait(lambda: page.script("return document.getElementById('name')?.textContent") == wanted, wanted)


def to_activation(page):
    """A recovery flow that shows the one-time password."""
    page.open("/kabinet/login?lang=ru")
    page.identify(NO_APP)
    page.shown("forgot").click()
    page.at("/kabinet/recovery")
    page.ready()
    return page.shown("otp").text


def test_over_a_flow_and_back_to_the_same_place(page):
    secret = to_activation(page)
    flow = page.script("return new URLSearchParams(location.search).get('flow')")
    page.find("activation-help").click()
    page.at("/kabinet/help")
    page.ready()
    assert title(page) == TREE["title"]["ru"]
    assert f"flow={flow}" in page.driver.current_url and "from=recovery" in page.driver.current_url
    link(page, NODES["bmg"]["situation"]["ru"]).click()
    at_topic(page, "bmg")
    link(page, "Инструкция по регистрации").click()
    at_topic(page, "bmg_how")
    page.driver.refresh()
    page.ready()
    at_topic(page, "bmg_how")
    back = page.shown("return")
    assert back.text == WORDS["ru"]["help.back.recovery"]
    back.click()
    page.at("/kabinet/recovery")
    page.ready()
    assert page.shown("otp").text == secret
    assert f"flow={flow}" in page.driver.current_url


def test_by_keyboard(page):
    page.open(f"/kabinet/help?lang=ru&from=reregistration&flow={FLOW}")
    page.shown("name")
    words = NODES["bmg"]["situation"]["ru"]
    for _ in range(12):
        page.press(Keys.TAB)
        if page.script("return document.activeElement.textContent") == words:
            break
    page.press(Keys.ENTER)
    at_topic(page, "bmg")
    assert page.focused() == "name", "a screen reader reads the new heading"
    assert page.driver.title == words
    page.driver.back()
    at_topic(page, None)
    assert page.focused() == "name"
    page.driver.forward()
    at_topic(page, "bmg")
    assert page.all("h2")[0].text == "РЕШЕНИЕ"
    check = link(page, "https://egov.kz")
    assert check.get_attribute("href") == "https://egov.kz/services/CMDSearch/#/"
    assert check.get_attribute("target") == "_blank" and "noopener" in check.get_attribute("rel")
    page.shown("all").send_keys(Keys.ENTER)
    at_topic(page, None)
    assert f"flow={FLOW}" in page.driver.current_url
    assert page.find("return").get_attribute("href") == f"{page.url}/kabinet/reregistration?lang=ru&flow={FLOW}"


def test_the_failure_opens_its_answer(page):
    for topic in ("bmg_not_registered", "bmg_mismatch", "bmg_consent_required", "bmg_consent_denied"):
        page.open(f"/kabinet/help?topic={topic}&from=reregistration&flow={FLOW}&lang=ru")
        at_topic(page, topic)
        assert page.find("return").text == WORDS["ru"]["help.back.reregistration"]


def test_only_to_our_own_pages(page):
    for name in ("https://evil.example/", "//evil.example", "constructor", "__proto__", "../x", "login/../../x"):
        page.open(f"/kabinet/help?lang=ru&from={name}&flow={FLOW}&topic={name}")
        assert title(page) == TREE["title"]["ru"]
        assert page.find("return").get_attribute("href") == f"{page.url}/kabinet/login?lang=ru"
    page.open("/kabinet/help?lang=ru&from=login&flow=%22%3E%3Cb%3Ex")
    page.shown("name")
    assert page.find("return").get_attribute("href") == f"{page.url}/kabinet/login?lang=ru"
    page.open(f"/kabinet/help?lang=ru&from=recovery&flow={FLOW}&topic=other_number")
    at_topic(page, "other_number")
    assert link(page, "Обновить номер").get_attribute("href") == f"{page.url}/kabinet/reregistration?lang=ru", \
        "another kind of flow begins anew"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_answer_is_for_everybody(page, lang):
    for name, node in NODES.items():
        page.size(320)
        page.open(f"/kabinet/help?topic={name}&lang={lang}")
        at_topic(page, name, lang)
        assert not page.wide(), name
        assert page.complaints() == [], name
        assert len(page.all("#answer > p, #answer > ul, #answer > ol")) >= len(node["solution"])
    assert page.untold() == []


def test_the_language_may_change_on_the_way(page):
    page.open("/kabinet/help?topic=otp&lang=ru")
    at_topic(page, "otp")
    page.all(".langs a")[0].click()
    at_topic(page, "otp", "kk")
    link(page, NODES["otp_refused"]["situation"]["kk"]).click()
    at_topic(page, "otp_refused", "kk")
    page.driver.back()
    at_topic(page, "otp", "kk")
    assert "lang=kk" in page.driver.current_url


def test_words_when_the_tree_does_not_come(page):
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/kabinet/help/*.json"]})
    try:
        page.driver.get(page.url + "/kabinet/help?lang=ru&from=recovery")
        page.ready()
        page.says("notice", WORDS["ru"]["error.network"])
        assert page.complaints() == []
        assert page.find("return").text == WORDS["ru"]["help.back.recovery"]
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.all("#notice button")[0].click()
        at_topic(page, None)
    finally:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.errors()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_small_enough_for_a_slow_link(page, lang):
    """KAZAKHSTAN.md: under 100 KiB with everything."""
    page.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.open(f"/kabinet/help?lang={lang}&at={time.time()}")
    page.shown("name")
    weight = page.script("""
        const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        return all.reduce((sum, entry) => sum + entry.encodedBodySize, 0);""")
    assert 20_000 < weight < 100 * 1024, weight
