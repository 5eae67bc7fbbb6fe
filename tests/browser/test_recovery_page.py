"""Recovery as people meet it, browser and app side by side."""

import os
import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS
from support import Browser, until
from kabinet_app.api import Api
from kabinet_app.keys import Device, generate

RU = WORDS["ru"]
WITH_APP, NO_APP = "860922390740", "920705493744"
NEW = "Altyn-Kun#2027zhol"


@pytest.fixture
def sandbox(gateway):
    gateway.stack.stop_sandbox()
    gateway.stack.start_sandbox()
    yield Browser(gateway.port + 1)
    gateway.stack.stop_sandbox()


def app_of(gateway, iin):
    return Api(gateway.url, Device.load(os.path.join(gateway.stack.devices, f"{iin}.jwk")))


def forgotten(page, iin):
    """By the sign-in page, as everybody comes."""
    page.open("/kabinet/login?lang=ru")
    page.identify(iin)
    page.shown("forgot").click()
    page.at("/kabinet/recovery")
    page.ready()


def code_for(page, app):
    """What the app shows after the sign of the page was tapped in it."""
    sign = page.shown("sign").text
    challenge = app.challenges()["challenges"][-1]
    assert sign in challenge["signs"]
    return app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": sign})["code"]


def set_password(page, code):
    page.type("code", code)
    page.type("password", NEW)
    assert len(page.all("#rules li.met")) == 5
    page.type("password_repeat", NEW + Keys.ENTER)
    page.shown("finished")


def test_first_visit_with_the_app(page, sandbox):
    forgotten(page, WITH_APP)
    page.says("sent", "+770****0740")
    assert not page.find("resend").is_displayed()
    set_password(page, code_for(page, app_of(page.gateway, WITH_APP)))
    assert page.focused() == "at-finished"
    page.find("finished").find_element(By.TAG_NAME, "a").click()
    page.at("/kabinet/login")
    page.ready()
    page.identify(WITH_APP)
    page.type("password", NEW + Keys.ENTER)
    page.wait(lambda: page.driver.current_url == page.url + "/")


def test_no_app_at_the_beginning(page, sandbox):
    """QR and one-time password; the page notices the app by itself."""
    forgotten(page, NO_APP)
    otp = page.shown("otp").text
    assert [len(part) for part in otp.split()] == [4, 4, 5]
    assert page.script("const i = document.getElementById('activate-qr'); return i.complete && i.naturalWidth > 0")
    assert not page.find("send").is_enabled()
    app = Api(page.url, Device(generate()))
    number = page.gateway.people[NO_APP].phone
    app.device.id = app.activate({"phone": number, "one_time_password": otp, "platform": "cli",
                                  "public_key": app.device.public_jwk, "accept_terms": True})["device_id"]
    sms = until(lambda: [m for m in sandbox.get("/sandbox/messages").json if m["channel"] == "sms"])
    begun = time.monotonic()
    app.proof(sms[-1]["text"][:6])
    page.says("device", RU["recovery.bound"])
    assert time.monotonic() - begun < 5
    page.find("send").click()
    set_password(page, code_for(page, app))
    assert page.gateway.browser().sign_in(NO_APP, NEW).status == 200


def test_wrong_codes_are_counted(page, sandbox):
    forgotten(page, WITH_APP)
    for name, typed in (("code", "0000"), ("password", NEW), ("password_repeat", NEW)):
        page.type(name, typed)
    for left in (2, 1):
        page.find("finish").click()
        page.says("attempts", RU["recovery.left"].replace("{n}", str(left)))
        page.says("code-error", RU["error.code_wrong"])
        page.wait(lambda: page.find("code-form").get_attribute("aria-busy") == "false")
    page.find("finish").click()
    page.says("notice", RU["error.challenge_burned"])


def test_rules_are_named_before_the_code_is_used(page, sandbox):
    forgotten(page, WITH_APP)
    page.type("code", "0000")
    page.type("password", "short")
    page.find("finish").click()
    page.says("password-error", RU["field.password_length"])
    assert page.focused() == "password"
    page.says("attempts", RU["recovery.left"].replace("{n}", "3"))


def test_back_and_reload(page, sandbox):
    forgotten(page, WITH_APP)
    sign = page.shown("sign").text
    page.driver.refresh()
    page.ready()
    assert page.shown("sign").text == sign
    page.driver.find_element(By.CSS_SELECTOR, "#code-form .back").click()
    page.at("/kabinet/login")
    page.ready()
    page.shown("password")


@pytest.mark.parametrize("iin, sign", [(None, "iin"), (NO_APP, "otp"), (WITH_APP, "sign")])
def test_accessible_and_narrow(page, sandbox, iin, sign):
    page.open("/kabinet/recovery?lang=ru")
    if iin:
        page.type("iin", iin + Keys.ENTER)
    page.shown(sign)
    for lang in LANGUAGES:
        page.driver.find_element(By.CSS_SELECTOR, f"[data-lang={lang}]").click()
        page.wait(lambda: page.script("return document.documentElement.lang") == lang)
        for width in (320, 360, 1280):
            page.size(width)
            assert not page.wide(), f"{sign} in {lang} scrolls sideways at {width} px"
        page.size(360)
        assert page.complaints() == []
        assert page.untold() == []
