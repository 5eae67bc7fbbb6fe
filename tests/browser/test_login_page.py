"""Sign-in as people meet it: the words, the fields, the keyboard, a phone, a bad day."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS

IIN = "880314493312"
PARAMETERS = pytest.mark.parametrize("lang", LANGUAGES)


def test_the_whole_way(page):
    """From a guarded portal to the sign-in and back, greeted by the masked IIN."""
    page.driver.get(page.url + "/")
    page.at("/kabinet/login")
    page.ready()
    assert not page.find("continue").is_enabled()
    page.identify()
    assert page.text("as") == "ИИН 88********12" or "88********12" in page.text("as")
    page.type("password", page.gateway.people[IIN].password)
    page.find("sign-in").click()
    page.wait(lambda: page.driver.current_url == page.url + "/", "not at the portal")
    assert "88********12" in page.driver.find_element(By.TAG_NAME, "h1").text
    page.driver.find_element(By.ID, "leave").click()
    page.at("/kabinet/login")


@PARAMETERS
def test_the_words(page, lang):
    words = WORDS[lang]
    page.open(f"/kabinet/login?lang={lang}")
    page.shown("iin")
    assert page.driver.title == words["login.title"]
    assert page.script("return document.documentElement.lang") == lang
    body = page.driver.find_element(By.TAG_NAME, "body").text
    for name in ("login.title", "login.lead", "login.iin", "consent.terms.link", "action.continue"):
        assert words[name] in body, name
    page.identify()
    body = page.driver.find_element(By.TAG_NAME, "body").text
    for name in ("login.password", "action.sign_in", "action.back"):
        assert words[name] in body, name
    assert page.untold() == []


def test_continue_needs_a_good_iin_and_both_ticks(page):
    page.open("/kabinet/login?lang=ru")
    ticks = page.wait(lambda: page.all("#consents input"))
    box = page.type("iin", "88031449331")
    assert page.text("count") == "11 / 12"
    assert page.text("iin-error") == ""
    for tick in ticks:
        tick.click()
    assert not page.find("continue").is_enabled()
    box.send_keys("3")
    page.says("iin-error", WORDS["ru"]["field.iin_check_digit"])
    assert not page.find("continue").is_enabled()
    box.send_keys(Keys.BACKSPACE + "2")
    assert page.text("iin-error") == ""
    assert page.find("continue").is_enabled()
    ticks[1].click()
    assert not page.find("continue").is_enabled()


@pytest.mark.parametrize(
    "typed, code",
    [
        ("88031449331x", "iin_length"),
        ("8803144933121", "iin_length"),
        ("880344493312", "iin_is_bin"),
        ("880314493313", "iin_check_digit"),
    ],
)
def test_a_wrong_iin_is_named_beside_the_field(page, typed, code):
    page.open("/kabinet/login?lang=ru")
    page.type("iin", typed)
    page.says("iin-error", WORDS["ru"][f"field.{code}"])
    assert page.find("iin").get_attribute("aria-invalid") == "true"
    assert "iin-error" in page.find("iin").get_attribute("aria-describedby")


def test_a_tick_stays_where_it_is_when_the_flow_comes(page):
    """Or whoever presses on it meanwhile presses in vain."""
    page.driver.set_network_conditions(offline=False, latency=300, download_throughput=-1, upload_throughput=-1)
    page.open("/kabinet/login?lang=ru")
    ticks = page.wait(lambda: page.all("#consents input"))
    assert "flow=" not in page.driver.current_url
    page.wait(lambda: "flow=" in page.driver.current_url)
    flow = page.driver.current_url.partition("flow=")[2].partition("&")[0]
    for tick, link in zip(ticks, page.all("#consents a"), strict=True):
        tick.click()
        assert flow in link.get_attribute("href")


@pytest.mark.gateway(conf="kabinet_iin_check warn;")
def test_an_odd_check_digit_is_only_told(page):
    page.open("/kabinet/login?lang=ru")
    for tick in page.wait(lambda: page.all("#consents input")):
        tick.click()
    box = page.type("iin", "880314493313")
    page.says("iin-error", WORDS["ru"]["login.iin.odd"])
    assert page.find("iin").get_attribute("aria-invalid") is None
    assert page.find("continue").is_enabled()
    box.send_keys(Keys.BACKSPACE + "2")
    assert page.text("iin-error") == ""
    page.type("iin", "880344493313")
    page.says("iin-error", WORDS["ru"]["field.iin_is_bin"])
    assert not page.find("continue").is_enabled()
    page.type("iin", "880314493313")
    page.find("continue").click()
    page.shown("password")
    page.open("/kabinet/login?lang=kk")
    page.type("iin", "880314493313")
    page.says("iin-error", WORDS["kk"]["login.iin.odd"])


def test_spaces_pasted_with_an_iin_do_no_harm(page):
    page.open("/kabinet/login?lang=ru")
    page.type("iin", "880314 493-312")
    assert page.find("iin").get_attribute("value") == IIN


def test_keyboard_alone(page):
    page.open("/kabinet/login?lang=ru&return_to=/kabinet/cabinet")
    page.shown("iin")
    page.press(Keys.TAB)
    assert page.script("return document.activeElement.className") == "skip"
    page.press(Keys.ENTER)
    page.press(Keys.TAB)
    assert page.focused() == "iin"
    page.press(IIN, Keys.TAB, Keys.SPACE, Keys.TAB, Keys.TAB, Keys.SPACE)
    assert all(tick.is_selected() for tick in page.all("#consents input"))
    page.press(Keys.ENTER)
    page.wait(lambda: page.focused() == "step2", "the focus did not move to step 2")
    page.press(Keys.TAB, page.gateway.people[IIN].password, Keys.ENTER)
    page.at("/kabinet/cabinet")


def test_wrong_password(page):
    page.open("/kabinet/login?lang=ru")
    page.identify()
    page.type("password", "not this one" + Keys.ENTER)
    page.says("password-error", WORDS["ru"]["error.invalid_credentials"])
    assert page.focused() == "password"
    assert page.find("password").get_attribute("aria-invalid") == "true"


def test_a_wait_is_counted_down(page):
    page.open("/kabinet/login?lang=ru")
    page.identify("860922390740")
    for _ in range(5):
        page.type("password", "not this one" + Keys.ENTER)
        page.wait(lambda: page.find("secret").get_attribute("aria-busy") == "false" and page.text("password-error"))
    page.type("password", "not this one" + Keys.ENTER)
    page.says("notice", WORDS["ru"]["error.throttled"])
    assert not page.find("sign-in").is_enabled()
    assert re.fullmatch(r"\d", page.all(".clock")[0].text)
    page.wait(lambda: page.find("sign-in").is_enabled(), "the wait did not end")
    page.says("notice", WORDS["ru"]["notice.wait_over"])


def test_the_eye(page):
    page.open("/kabinet/login?lang=ru")
    page.identify()
    page.type("password", "secret")
    eye = page.find("eye")
    eye.click()
    assert page.find("password").get_attribute("type") == "text"
    assert eye.get_attribute("aria-pressed") == "true"
    eye.click()
    assert page.find("password").get_attribute("type") == "password"


def test_back_and_reload_keep_their_place(page):
    page.open("/kabinet/login?lang=ru")
    page.identify()
    page.driver.refresh()
    page.ready()
    page.shown("password")
    page.find("back").click()
    page.shown("iin")
    page.driver.refresh()
    page.ready()
    page.shown("iin")


def test_language_changes_on_the_spot(page):
    page.open("/kabinet/login?lang=ru")
    page.type("iin", IIN)
    page.all("#consents input")[0].click()
    page.driver.find_element(By.CSS_SELECTOR, "[data-lang=kk]").click()
    page.wait(lambda: page.driver.title == WORDS["kk"]["login.title"])
    assert page.find("iin").get_attribute("value") == IIN
    assert page.all("#consents input")[0].is_selected()
    page.open("/kabinet/login")
    assert page.driver.title == WORDS["kk"]["login.title"], "the choice is remembered"


def test_an_agreement_opens_and_comes_back(page):
    page.open("/kabinet/login?lang=kk")
    page.wait(lambda: page.all("#consents a"))
    page.driver.get(page.all("#consents a")[0].get_attribute("href"))
    page.wait(lambda: page.all("#text li"))
    assert page.script("return document.documentElement.lang") == "kk"
    page.find("return").click()
    page.at("/kabinet/login?")
    assert page.shown("iin")


def test_no_connection_is_said_and_survived(page):
    page.open("/kabinet/login?lang=ru")
    page.type("iin", IIN)
    for tick in page.all("#consents input"):
        tick.click()
    page.offline(True)
    page.find("continue").click()
    page.says("notice", WORDS["ru"]["error.network"])
    page.errors()
    page.offline(False)
    page.driver.find_element(By.CSS_SELECTOR, "#notice button").click()
    page.shown("password")


def test_an_unreachable_place_is_not_followed(page):
    """return_to may only be a path of this host."""
    page.open("/kabinet/login?lang=ru&return_to=https://example.com/")
    page.identify()
    page.type("password", page.gateway.people[IIN].password + Keys.ENTER)
    page.wait(lambda: page.driver.current_url == page.url + "/")


def test_a_lost_flow_begins_anew(page):
    page.open("/kabinet/login?lang=ru&flow=AAAAAAAAAAAAAAAAAAAAAA")
    page.says("notice", WORDS["ru"]["notice.new_flow"])
    page.identify()
