"""Re-registration through the real parts: nginx, the stores, the sandbox's BMG, the app's client."""

import os
import signal
import time

import pytest

from support import until
from test_recovery import NEW, activate, app_of, sandbox  # noqa: F401 (a fixture)

MOTHER, FATHER, MOVED = "880314493312", "860922390740", "950418490715"
NEW_NUMBER = "+77785550715"
TAKEN = {"child_iin": "190901692284", "birth_certificate": "1904518", "parent1_iin": MOTHER,
         "parent2_iin": FATHER, "attendance": "kindergarten"}
HERS = {"child_iin": "200229699997", "birth_certificate": "0100532718", "parent1_iin": "790130392190",
        "parent2_iin": MOVED, "attendance": "queue"}


def to_contact(browser, evidence):
    answer = browser.api("POST", "/flows", {"kind": "reregistration"})
    assert answer.status == 201
    browser.flow = answer.json["id"]
    for name, body in (("begin", {}), ("evidence", evidence), ("confirm", {})):
        answer = browser.step(name, body)
        assert answer.status == 200, answer.body
    assert answer.json["state"] == "contact"


def open_code(app, sign):
    challenge = until(lambda: app.challenges()["challenges"], what="nothing waits in the app")[-1]
    assert challenge["purpose"] == "reregistration"
    return app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": sign})["code"]


def complete(browser, code):
    answer = browser.step("complete", {"code": code, "password": NEW, "password_repeat": NEW})
    assert answer.status == 200, answer.body
    return answer.json


def take_over(gateway, browser):
    """The father, whose app is there, up to the hold."""
    to_contact(browser, TAKEN)
    answer = browser.step("contact", {"iin": FATHER, "phone": gateway.people[FATHER].phone})
    assert answer.status == 200, answer.body
    code = open_code(app_of(gateway, FATHER), answer.json["data"]["sign"])
    flow = complete(browser, code)
    assert flow["state"] == "held"
    return flow


def moved(gateway):
    """Whether a child was moved."""
    return number(gateway, "SELECT count(*) FROM guardianship WHERE ended_at IS NOT NULL") == 1


def number(gateway, text):
    return gateway.sql(text)[0][0]


def over(gateway):
    """The time of every hold is over: a day is not waited for."""
    gateway.sql("UPDATE moderation SET next_at = now() WHERE state = 'held'")


def test_a_cabinet_on_a_new_number(gateway, browser, sandbox):  # noqa: F811
    to_contact(browser, HERS)
    flow = browser.step("contact", {"iin": MOVED, "phone": NEW_NUMBER}).json
    assert flow["state"] == "activate"
    app, sms = activate(gateway, sandbox, flow["data"]["one_time_password"], NEW_NUMBER)
    assert app.proof(sms)["state"] == "active"
    flow = browser.step("send").json
    assert flow["data"]["phone_masked"] == "+777****0715"
    assert complete(browser, open_code(app, flow["data"]["sign"]))["state"] == "done"
    assert gateway.browser().sign_in(MOVED, NEW).status == 200
    told = until(lambda: [m for m in sandbox.messages(to=gateway.people[MOVED].phone) if m["channel"] == "sms"],
                 what="the old number was not told")
    assert MOVED not in str(told) and NEW_NUMBER not in str(told)


@pytest.mark.gateway(conf="kabinet_reregistration_hold 8s;")
def test_a_hold_completes_by_itself_also_after_a_crash(gateway, browser, sandbox):  # noqa: F811
    take_over(gateway, browser)
    assert gateway.browser().sign_in(FATHER, NEW).status == 200 and not moved(gateway)
    until(lambda: [m for m in sandbox.messages(to=gateway.people[MOTHER].phone) if m["channel"] == "push"],
          what="the mother was not told")
    for pid in gateway.stack.nginx_pids():
        os.kill(pid, signal.SIGKILL)
    gateway.stack.stop_nginx("term")
    gateway.stack.start_nginx()
    until(lambda: number(gateway, "SELECT count(*) FROM moderation WHERE state = 'done'") == 1,
          what="the hold did not end", seconds=30)
    assert moved(gateway)


def test_an_objection_from_the_app(gateway, browser, sandbox):  # noqa: F811
    take_over(gateway, browser)
    app = app_of(gateway, MOTHER)
    event = next(e for e in app.events()["events"] if e["kind"] == "hold")
    assert event["object_until"]
    app.call("POST", f"/events/{event['id']}/object", {})
    assert number(gateway, "SELECT count(*) FROM moderation WHERE state = 'open'") == 1
    over(gateway)
    time.sleep(3)  # the timer looks every two seconds
    assert not moved(gateway)


@pytest.mark.parametrize("mode", ["error", "garbage", "drop"])
def test_an_ill_state_base_is_neither_yes_nor_no(gateway, browser, sandbox, mode):  # noqa: F811
    to_contact(browser, HERS)
    contact = {"iin": MOVED, "phone": NEW_NUMBER}
    sandbox.fault("bmg", mode)
    answer = browser.step("contact", contact)
    assert answer.status == 503 and answer.header("retry-after")
    assert browser.api("GET", f"/flows/{browser.flow}").json["state"] == "contact"
    sandbox.fault("bmg", "ok")
    answer = until(lambda: (lambda a: a.status == 200 and a)(browser.step("contact", contact)),
                   what="the state base was not asked again", seconds=40)
    assert answer.json["state"] == "activate"


def test_a_slow_state_base_goes_on_without_the_browser(gateway, browser, sandbox):  # noqa: F811
    to_contact(browser, HERS)
    contact = {"iin": MOVED, "phone": NEW_NUMBER}
    sandbox.fault("bmg", "slow", 7000)
    begun = time.monotonic()
    answer = browser.step("contact", contact)
    assert answer.status == 503 and time.monotonic() - begun < 6.5
    again = browser.step("contact", contact)  # while it is being asked nobody asks twice
    assert again.status == 503
    answer = until(lambda: (lambda a: a.status == 200 and a)(browser.step("contact", contact)),
                   what="the answer was not kept", seconds=20)
    assert answer.json["state"] in ("activate", "code")
