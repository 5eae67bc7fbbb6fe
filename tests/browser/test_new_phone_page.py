"""«Новый телефон или приложение переустановлено» on the recovery page: with the current password and without."""


import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS
from test_recovery import activate, app_of, sandbox
from test_recovery_page import forgotten

__all__ = ["sandbox"]
RU = WORDS["ru"]
OWNER = "880314493312"  # has the app and a password


def opened(page):
    """The form, by the keyboard."""
    forgotten(page, OWNER)
    page.shown("sign")
    assert not page.find("new-phone").is_displayed()
    page.script("document.getElementById('new-device').focus()")
    page.press(Keys.ENTER)
    page.shown("new-phone")
    assert page.focused() == "current_password"


def other_phone(page, sandbox):
    """With what the page shows: the app, before its SMS code is told, and the code."""
    page.says("device", RU["recovery.waiting"])
    otp = page.text("otp").replace(" ", "")
    app, sms = activate(page.gateway, sandbox, otp, page.gateway.people[OWNER].phone)
    page.says("device", RU["recovery.proving"])
    return app, sms


def test_with_the_current_password_it_counts_at_once(page, sandbox):
    opened(page)
    page.type("current_password", "Wrong!Password1" + Keys.ENTER)
    page.says("current_password-error", RU["field.current_password"])
    assert page.focused() == "current_password"
    page.press(page.gateway.people[OWNER].password, Keys.ENTER)  # what is wrong stands selected
    app, sms = other_phone(page, sandbox)
    assert page.focused() == "at-activate" and not page.find("new-phone").is_displayed()
    assert app.proof(sms)["state"] == "active"
    page.says("device", RU["recovery.bound"])
    assert page.find("send").is_enabled()


def test_without_it_the_new_one_waits_and_may_be_refused(page, sandbox):
    opened(page)
    page.press(Keys.ENTER)
    app, sms = other_phone(page, sandbox)
    assert app.proof(sms)["state"] == "held"
    page.says("device", RU["recovery.held"].partition("{")[0])
    assert not page.find("send").is_enabled()
    old = app_of(page.gateway, OWNER)
    old.object(next(event["id"] for event in old.events()["events"] if event["kind"] == "device"))
    page.says("device", RU["recovery.waiting"])


def test_another_qr_code_keeps_the_trust(page, sandbox):
    opened(page)
    page.press(page.gateway.people[OWNER].password, Keys.ENTER)
    first = page.shown("otp").text
    page.find("renew").click()  # the password again, or the next one would be held
    page.shown("new-phone")
    page.press(Keys.ESCAPE)
    assert not page.find("new-phone").is_displayed() and page.focused() == "renew"
    page.find("renew").click()
    page.press(page.gateway.people[OWNER].password, Keys.ENTER)
    page.wait(lambda: page.text("otp") != first)
    app, sms = other_phone(page, sandbox)
    assert app.proof(sms)["state"] == "active"


def test_one_who_was_held_may_bring_the_password(page, sandbox):
    opened(page)
    page.press(Keys.ENTER)
    app, sms = other_phone(page, sandbox)
    app.proof(sms)
    page.says("device", RU["recovery.held"].partition("{")[0])
    page.find("renew").click()
    page.shown("new-phone")
    page.press(page.gateway.people[OWNER].password, Keys.ENTER)
    app, sms = other_phone(page, sandbox)
    assert app.proof(sms)["state"] == "active"


def test_wrong_passwords_wait(page, sandbox):
    opened(page)
    for _ in range(5):
        page.type("current_password", "Wrong!Password1" + Keys.ENTER)
        page.says("current_password-error", RU["field.current_password"])
        page.wait(lambda: page.find("new-phone").get_attribute("aria-busy") == "false")
    page.type("current_password", "Wrong!Password1" + Keys.ENTER)
    page.says("notice", RU["app.throttled"])
    button = page.find("new-phone").find_element(By.CSS_SELECTOR, "button[type=submit]")
    assert not button.is_enabled() and page.all("#notice .clock")
    page.find("new-phone-cancel").click()
    assert page.focused() == "new-device" and page.find("sign").is_displayed()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_accessible_and_narrow(page, sandbox, lang):
    opened(page)
    page.driver.find_element(By.CSS_SELECTOR, f"[data-lang={lang}]").click()
    page.wait(lambda: page.script("return document.documentElement.lang") == lang)
    page.size(320)
    assert not page.wide()
    assert page.complaints() == []
    assert page.untold() == []
