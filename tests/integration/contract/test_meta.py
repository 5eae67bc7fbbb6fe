"""GET /meta: what pages and apps need to draw the forms, as the configuration has it."""

import datetime
import time

import pytest



from kabinet_app.api import Api
from kabinet_app.keys import Device, generate

WITH_APP = "860922390740"
GOOGLE = "https://play.google.com/store/apps/details?id=kz.example&hl=kk"
APPLE = "https://apps.apple.com/kz/app/id1"


def seconds(later, earlier):
    return (datetime.datetime.fromisoformat(later) - datetime.datetime.fromisoformat(earlier)).total_seconds()


def begin(browser):
    browser.flow = browser.api("POST", "/flows", {"kind": "recovery"}).json["id"]
    return browser.step("identify", {"iin": WITH_APP}).json


@pytest.mark.gateway(conf=f"kabinet_code length=6 ttl=2m attempts=5;kabinet_store google={GOOGLE} apple={APPLE};")
def test_codes_and_stores_are_the_configurations(browser):
    said = browser.api("GET", "/meta").json
    assert said["code"] == {"length": 6, "attempts": 5, "life_seconds": 120, "resend_seconds": 60}
    assert said["stores"] == {"google": GOOGLE, "apple": APPLE}
    flow = begin(browser)
    data = flow["data"]
    assert (data["code_length"], data["attempts_left"]) == (6, 5)
    assert abs(seconds(data["resend_at"], flow["now"]) - said["code"]["resend_seconds"]) <= 1
    assert abs(seconds(data["expires_at"], flow["now"]) - said["code"]["life_seconds"]) <= 1
    flow = browser.step("new_device").json
    assert len(flow["data"]["one_time_password"]) == said["one_time_password"]["length"]
    assert abs(seconds(flow["data"]["expires_at"], flow["now"]) - said["one_time_password"]["life_seconds"]) <= 1


def test_the_sms_code_lives_as_long_as_said(gateway, browser):
    said = browser.api("GET", "/meta").json["sms_code"]
    assert said == {"length": 6, "attempts": 3, "life_seconds": 300, "resend_seconds": 60, "sends": 3}
    begin(browser)
    otp = browser.step("new_device").json["data"]["one_time_password"]
    app, now = Api(gateway.url, Device(generate())), time.time()
    answer = app.activate({"phone": gateway.people[WITH_APP].phone, "one_time_password": otp, "platform": "cli",
                           "public_key": app.device.public_jwk, "accept_terms": True})
    end = datetime.datetime.fromisoformat(answer["expires_at"]).timestamp()
    assert abs(end - now - said["life_seconds"]) <= 2


def test_no_store_is_made_up(browser):
    said = browser.api("GET", "/meta").json
    assert said["stores"] == {}
    assert said["code"]["length"] == 4
    assert said["session"] == {"idle_seconds": 1200, "total_seconds": 28800, "max": 5}
    assert [row["kind"] for row in said["consents"]] == ["terms", "notifications"]
    assert said["languages"] == ["ru", "kk", "en"]
