"""docs/openapi.yaml and the running server say the same about the feed, the devices and the children."""

import pytest
from test_openapi import ABSENT, FAR, KNOWN, OTHER, Client, fixture_doc, general, outage
from test_openapi_app import begin, look, new_phone, sms_code

__all__ = ["fixture_doc"]
BY_CHANCE = {("device_remove", 409)}  # two at one moment
READING = [("GET", "/events", None), ("GET", "/devices", None), ("GET", "/children", None)]
CHANGING = [("POST", f"/events/{ABSENT}/object", {}),
            ("DELETE", f"/devices/{ABSENT}", {"current_password": "x"})]


def refusals(ask, gateway):
    stranger, browser = gateway.browser(), gateway.signed_in(KNOWN)
    for method, path, body in READING + CHANGING:
        assert ask(stranger, method, path, body).code == "no_session"
    for method, path, body in CHANGING:
        assert ask(browser, method, path, body).code == "not_found"
        for bad, headers, status in ((b"[", {}, 400), ({"x": 1}, {}, 422), (b"{}", {"Content-Type": "a/b"}, 415),
                                     (body, {"Origin": "https://evil.example"}, 403)):
            assert ask(browser, method, path, bad, headers=headers).status == status


def removal(ask, gateway):
    """KNOWN has an app and a child."""
    browser, bare = gateway.signed_in(KNOWN), gateway.signed_in(OTHER)
    child = ask(browser, "GET", "/children").json["children"][0]
    assert (child["iin_masked"], child["attendance"]) == ("19********84", "kindergarten")
    assert ask(bare, "GET", "/devices").json == {"devices": []}
    device, = ask(browser, "GET", "/devices").json["devices"]
    at = f"/devices/{device['id']}"
    assert ask(bare, "DELETE", at, {"current_password": "x"}).status == 404
    right = {"current_password": gateway.people[KNOWN].password}
    for _ in range(5):
        assert ask(browser, "DELETE", at, {"current_password": "x"}).code == "invalid_credentials"
    assert ask(browser, "DELETE", at, right).status == 429
    gateway.redis.flushall()
    assert ask(browser, "DELETE", at, right).status == 204
    device, = ask(browser, "GET", "/devices").json["devices"]
    assert device["state"] == "removed"
    assert ask(browser, "GET", "/events").json["events"][0]["kind"] == "device_removed"


def objection(ask, gateway):
    """Somebody makes a phone OTHER's while OTHER is signed in."""
    owner, browser, phone = gateway.signed_in(OTHER), gateway.browser(), new_phone(gateway)
    otp = begin(ask, browser, OTHER)["data"]["one_time_password"]
    fields = {"phone": gateway.people[OTHER].phone, "one_time_password": otp, "platform": "cli",
              "public_key": phone.device.public_jwk, "accept_terms": True}
    bound = ask(phone, "POST", "/app/devices", fields).json
    proof = {"code": sms_code(gateway, gateway.people[OTHER].phone)}
    ask(phone, "POST", f"/app/devices/{bound['device_id']}/proof", proof)
    assert look(ask, browser)["data"]["device"] == "active"
    events = ask(owner, "GET", "/events").json["events"]
    came = next(event for event in events if event["kind"] == "device")
    other = next(event for event in events if event["kind"] == "sign_in")
    assert came["object_until"] > came["at"] and "object_until" not in other
    assert ask(owner, "POST", f"/events/{other['id']}/object", {}).code == "wrong_state"
    assert ask(owner, "POST", f"/events/{came['id']}/object", {}).status == 204


@pytest.mark.gateway(server=FAR)
def test_every_answer_of_the_cabinet_is_as_documented(gateway, doc):
    ask = Client(doc, "cabinet")
    refusals(ask, gateway)
    removal(ask, gateway)
    gateway.stack.start_sandbox()
    try:
        objection(ask, gateway)
    finally:
        gateway.stack.stop_sandbox()
    general(ask, gateway)
    browser = gateway.signed_in(KNOWN)
    outage(ask, gateway, [(browser, *request) for request in READING + CHANGING])
    assert ask.missing() == BY_CHANCE
