"""Change of one's own number, browser and app side by side."""

import json

from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS
from support import until
from test_recovery_page import Api, Device, code_for, generate, sandbox  # noqa: F401 (a fixture)

RU = WORDS["ru"]
KNOWN, NUMBER = "880314493312", "+77785550715"


def in_the_state_base(sandbox, iin, number):  # noqa: F811
    answer = sandbox.request("PUT", f"/sandbox/bmg/{iin}", json.dumps({"phone": number}),
                             {"Content-Type": "application/json"})
    assert answer.status < 300


def new_app(page, gateway, sandbox):  # noqa: F811
    """Activated with what the page shows."""
    app = Api(gateway.url, Device(generate()))
    answer = app.activate({"phone": NUMBER, "one_time_password": page.shown("otp").text.replace(" ", ""),
                           "platform": "cli", "public_key": app.device.public_jwk, "accept_terms": True})
    app.device.id = answer["device_id"]
    path = f"/sandbox/messages?to=%2B{NUMBER[1:]}"
    sms = until(lambda: sandbox.get(path).json, what="no SMS came")[-1]
    assert app.proof(sms["text"][:6])["state"] == "active"
    return app


def whole(page):
    """Nothing scrolls sideways and the rules of accessibility hold, on a phone and on a desk."""
    for width in (320, 360, 1280):
        page.size(width)
        assert not page.wide()
    assert page.complaints() == [] and page.untold() == []


def test_a_number_is_changed(page, gateway, sandbox):  # noqa: F811
    in_the_state_base(sandbox, KNOWN, NUMBER)
    page.sign_in(KNOWN)
    for lang in LANGUAGES:
        page.open(f"/kabinet/phone?lang={lang}")
        page.shown("number")
        whole(page)
    page.open("/kabinet/phone?lang=ru")
    page.shown("number")
    page.type("number", "8 (778) 555-07-15")
    page.type("now_password", "Not-The-Password1!" + Keys.ENTER)
    page.says("now_password-error", RU["field.current_password"])
    page.errors()  # the browser notes each refusal
    page.find("now_password").clear()
    page.type("now_password", gateway.people[KNOWN].password + Keys.ENTER)
    app = new_app(page, gateway, sandbox)
    page.says("device", RU["recovery.bound"])
    whole(page)
    page.find("send").click()
    page.type("code", code_for(page, app))
    whole(page)
    page.press(Keys.ENTER)
    page.says("at-done", RU["phone.done"])
    whole(page)
    page.all("#done .to-cabinet")[0].click()
    page.at("/kabinet/cabinet")
    page.says("my-phone", "+777****0715")


def test_who_is_not_signed_in_is_led_there(page):
    page.open("/kabinet/phone?lang=ru")
    page.at("/kabinet/login")
    page.errors()


def test_another_number_than_the_state_base_knows(page, gateway, sandbox):  # noqa: F811
    page.sign_in(KNOWN)
    page.open("/kabinet/phone?lang=ru")
    page.shown("number")
    page.type("number", NUMBER)
    page.type("now_password", gateway.people[KNOWN].password + Keys.ENTER)
    page.says("notice", RU["error.bmg_mismatch"])
    page.errors()
    assert page.find("number").get_attribute("value") == NUMBER
