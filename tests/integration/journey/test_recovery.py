"""Recovery through the real parts: nginx, the stores, the sandbox's providers and the app's client."""

import json
import os
import signal
import urllib.request

import pytest

from inflight import strangers
from support import Browser, until
from kabinet_app.api import Api, Refusal
from kabinet_app.keys import Device, generate

WITH_APP, NO_APP = "860922390740", "920705493744"
NEW = "Altyn-Kun#2027zhol"


class Sandbox:
    def __init__(self, url):
        self.url = url

    def messages(self, **query):
        text = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in query.items())
        with urllib.request.urlopen(f"{self.url}/sandbox/messages?{text}", timeout=10) as answer:
            return json.load(answer)

    def put(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="PUT",
                                         headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

    def fault(self, channel, mode, ms=200):
        self.put(f"/sandbox/faults/{channel}", {"mode": mode, "ms": ms})


@pytest.fixture
def sandbox(gateway):
    """Providers that have not been asked anything yet."""
    gateway.stack.stop_sandbox()
    gateway.stack.start_sandbox()
    yield Sandbox(gateway.stack.sandbox_url)
    gateway.stack.stop_sandbox()


def begin(browser, iin):
    answer = browser.api("POST", "/flows", {"kind": "recovery"})
    assert answer.status == 201
    browser.flow = answer.json["id"]
    answer = browser.step("identify", {"iin": iin})
    assert answer.status == 200, answer.body
    return answer.json


def update(browser, code, password=NEW):
    return browser.step("update", {"code": code, "password": password, "password_repeat": password})


def app_of(gateway, iin):
    return Api(gateway.url, Device.load(os.path.join(gateway.stack.devices, f"{iin}.jwk")))


def sms_to(sandbox, phone):
    """Those with a code: an app on the same number may have got pushes and notices too."""
    return [message for message in sandbox.messages(to=phone)
            if message["channel"] == "sms" and message["text"][:6].isdigit()]


def sms_code(sandbox, phone, before=0):
    """Of the next SMS after so many."""
    until(lambda: len(sms_to(sandbox, phone)) > before, what="no SMS came")
    return sms_to(sandbox, phone)[-1]["text"][:6]


def activate(gateway, sandbox, otp, phone):
    """A new phone, up to the SMS: the app and the code."""
    app = Api(gateway.url, Device(generate()))
    before = len(sms_to(sandbox, phone))
    answer = app.activate({"phone": phone, "one_time_password": otp, "platform": "cli", "push_token": "new",
                           "public_key": app.device.public_jwk, "accept_terms": True})
    app.device.id = answer["device_id"]
    return app, sms_code(sandbox, phone, before)


def test_first_visit_with_the_app(gateway, browser, sandbox):
    flow = begin(browser, WITH_APP)
    assert flow["state"] == "code"
    until(lambda: [m for m in sandbox.messages() if m["channel"] == "push"], what="the app did not ring")
    app = app_of(gateway, WITH_APP)
    challenge = app.challenges()["challenges"][0]
    assert flow["data"]["sign"] in challenge["signs"]
    code = app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": flow["data"]["sign"]})["code"]
    assert update(browser, code).json["state"] == "done"
    assert gateway.browser().sign_in(WITH_APP, NEW).status == 200
    pushed = json.dumps(sandbox.messages())
    assert code not in pushed and WITH_APP not in pushed


def test_activation_and_the_waiting_page(gateway, browser, sandbox):
    flow = begin(browser, NO_APP)
    assert flow["state"] == "activate" and flow["data"]["device"] == "none"
    app, sms = activate(gateway, sandbox, flow["data"]["one_time_password"], gateway.people[NO_APP].phone)
    assert app.proof(sms)["state"] == "active"
    seen = browser.api("GET", f"/flows/{browser.flow}?wait=5&version={flow['version']}").json
    assert seen["version"] > flow["version"] and seen["data"]["device"] == "active"
    sent = browser.step("send").json
    assert sent["state"] == "code"
    challenge = app.challenges()["challenges"][0]
    code = app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": sent["data"]["sign"]})["code"]
    assert update(browser, code).status == 200
    assert gateway.browser().sign_in(NO_APP, NEW).status == 200


def test_the_qr_of_both_states(gateway, browser, sandbox):
    begin(browser, NO_APP)
    picture = browser.api("GET", f"/flows/{browser.flow}/qr.svg")
    assert picture.status == 200 and picture.header("content-type") == "image/svg+xml"
    assert b"<svg" in picture.body and b"<script" not in picture.body
    begin(browser, WITH_APP)
    assert browser.api("GET", f"/flows/{browser.flow}/qr.svg").status == 200
    assert gateway.browser().api("GET", f"/flows/{browser.flow}/qr.svg").status == 404


@pytest.mark.parametrize("mode", ["error", "garbage", "drop", "timeout"])
def test_an_ill_provider_loses_nothing(gateway, browser, sandbox, mode):
    sandbox.fault("push", mode)
    begin(browser, WITH_APP)
    until(lambda: gateway.sql("SELECT count(*) FROM outbox WHERE attempts > 0") != [(0,)], what="it was not tried")
    sandbox.fault("push", "ok")
    until(lambda: gateway.sql("SELECT state FROM outbox") == [("sent",)], 30, "it was not sent")
    assert len(sandbox.messages()) == 1, "once, by the idempotency key"


def token_of(gateway, app):
    """Whether the device has a push token."""
    return gateway.sql("SELECT push_token IS NOT NULL FROM device WHERE id = %s", app.device.id)[0][0]


def outbox(gateway):
    return gateway.sql("SELECT kind, state FROM outbox ORDER BY created_at")


def test_a_token_that_the_provider_does_not_know_is_retired(gateway, browser, sandbox):
    """The app was removed and put back: no push finds it, but who opens it finds the challenge."""
    app = app_of(gateway, WITH_APP)
    app.push_token("gone-with-the-old-app")
    flow = begin(browser, WITH_APP)
    assert flow["state"] == "code"
    until(lambda: not token_of(gateway, app), what="the token was kept")
    assert outbox(gateway) == [("push", "failed")]
    assert gateway.sql("SELECT recipient, body FROM outbox") == [(None, None)], "a number is kept for nothing"
    assert sandbox.messages() == []
    challenge = app.challenges()["challenges"][0]
    code = app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": flow["data"]["sign"]})["code"]
    begin(gateway.browser(), WITH_APP)  # nothing to ring with: nothing is asked of the provider
    assert [kind for kind, _ in outbox(gateway)] == ["push", "void"]
    app.push_token("of-the-new-app")
    begin(gateway.browser(), WITH_APP)
    until(lambda: [m for m in sandbox.messages() if m["channel"] == "push"], what="the new app did not ring")
    assert token_of(gateway, app)
    assert update(browser, code).json["state"] == "done"


def test_a_token_renewed_meanwhile_is_kept(gateway, browser, sandbox):
    """The provider's word is about the token that was in the message."""
    app = app_of(gateway, WITH_APP)
    app.push_token("gone-with-the-old-app")
    sandbox.fault("push", "slow", 1500)
    begin(browser, WITH_APP)
    until(lambda: gateway.sql("SELECT 1 FROM outbox WHERE attempts > 0"), what="it was not tried")
    app.push_token("of-the-new-app")
    until(lambda: outbox(gateway) == [("push", "failed")])
    assert token_of(gateway, app)


@pytest.mark.parametrize("mode", ["error", "garbage", "timeout"])
def test_a_silent_state_base_is_neither_yes_nor_no(gateway, browser, sandbox, mode):
    flow = begin(browser, NO_APP)
    app, sms = activate(gateway, sandbox, flow["data"]["one_time_password"], gateway.people[NO_APP].phone)
    sandbox.fault("bmg", mode)
    with pytest.raises(Refusal) as refused:
        app.proof(sms)
    assert refused.value.status == 503 and refused.value.code == "service_unavailable"
    sandbox.fault("bmg", "ok")
    until(lambda: proved(app, sms), 30, "the try was not given back")


def proved(app, sms):
    """The circuit breaker may still be open for a moment."""
    try:
        return app.proof(sms)["state"] == "active"
    except Refusal as refusal:
        assert refusal.status == 503, refusal
        return False


def test_the_state_base_says_no(gateway, browser, sandbox):
    flow = begin(browser, NO_APP)
    app, sms = activate(gateway, sandbox, flow["data"]["one_time_password"], gateway.people[NO_APP].phone)
    sandbox.put(f"/sandbox/bmg/{NO_APP}", {"phone": None})
    with pytest.raises(Refusal) as refused:
        app.proof(sms)
    assert refused.value.code == "bmg_not_registered"


def test_nothing_is_lost_or_doubled_by_a_kill(gateway, sandbox, ctl, tmp_path):
    """Sixty people ask; nginx dies in the middle; every phone rings exactly once."""
    people = strangers(60)
    rows = [f"{iin},+7701{number:07d},ru,,yes" for number, iin in enumerate(people)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["iin,phone,locale,password,device", *rows]) + "\n", encoding="utf-8")
    answer = ctl("import", "accounts", path, "--devices", tmp_path / "devices")
    assert answer.returncode == 0, answer.stderr
    sandbox.fault("push", "slow", 20)
    for iin in people:
        assert begin(Browser(gateway.port), iin)["state"] == "code"
    for pid in gateway.stack.nginx_pids():
        os.kill(pid, signal.SIGKILL)
    gateway.stack.stop_nginx("term")
    before = len(sandbox.messages())
    gateway.sql("UPDATE outbox SET due_at = now() WHERE state = 'waiting'")  # its minute passes
    sandbox.fault("push", "ok")
    gateway.stack.start_nginx()
    until(lambda: gateway.sql("SELECT count(*) FROM outbox WHERE state = 'sent'") == [(60,)], 60,
          f"{before} before, {len(sandbox.messages())} now")
    assert sorted(m["to"] for m in sandbox.messages()) == sorted(row.split(",")[1] for row in rows)
