"""The app's long poll on the real servers: it waits for a confirmation, signed, and holds nothing.

A poll that has parked is seen in the metrics; only then does the test do what should wake it.
"""

import json
import os
import signal
import time

import pytest
from inflight import Parked, Plug, parked, request
from test_recovery import activate, app_of, begin, sandbox

from support import until
from kabinet_app import signing
from kabinet_app.keys import Device, generate

__all__ = ["sandbox"]
IIN, OTHER = "860922390740", "790130392190"
LIST = "/kabinet/api/v1/app/challenges"
SOON = 0.5  # far less than any wait here


def device_of(gateway, iin=IIN):
    return Device.load(os.path.join(gateway.stack.devices, f"{iin}.jwk"))


def signed(gateway, device, query="", port=None, key=None, created=None):
    """The bytes of a request for the list; `key`: another's, that signs in this one's name."""
    browser = gateway.browser()
    browser.port = port or gateway.port
    uri = f"http://127.0.0.1:{browser.port}{LIST}{query}"
    headers = signing.signed_headers(key or device.key, device.id, "GET", uri, b"", created)
    return request(browser, "GET", LIST + query, **headers)


def ask(gateway, data):
    """What is said at once: status, body."""
    began = time.monotonic()
    answer = Plug(gateway.port).send(data).answer("GET")
    assert time.monotonic() - began < SOON
    return answer.status, json.loads(answer.body)


def wait_for(gateway, device, query="?wait=20", port=None):
    return Parked(gateway, signed(gateway, device, query, port), port)


def ring(gateway, iin=IIN):
    """Somebody begins a recovery; when that was answered."""
    assert begin(gateway.browser(), iin)["state"] == "code"
    return time.monotonic()


def test_a_ring_wakes_the_apps_of_its_account(gateway, watch):
    polls = [wait_for(gateway, device_of(gateway)) for _ in range(3)]
    other = wait_for(gateway, device_of(gateway, OTHER))
    polls[0].silent()
    rung = ring(gateway)
    answers = [poll.answer()[0] for poll in polls]
    assert time.monotonic() - rung < 1
    assert [len(answer["challenges"]) for answer in answers] == [1] * 3
    other.silent()
    ring(gateway, OTHER)
    assert other.answer()[0]["version"] not in (0, answers[0]["version"])


def test_with_a_version_it_waits_for_another_list(gateway, watch):
    device = device_of(gateway)
    ring(gateway)
    status, first = ask(gateway, signed(gateway, device, "?wait=20"))
    assert status == 200 and len(first["challenges"]) == 1
    assert ask(gateway, signed(gateway, device)) == (200, first)
    poll = wait_for(gateway, device, f"?wait=20&version={first['version']}")
    poll.silent()
    ring(gateway)
    second, _ = poll.answer()
    assert len(second["challenges"]) == 2 and second["version"] != first["version"]
    assert ask(gateway, signed(gateway, device, f"?wait=20&version={first['version']}")) == (200, second)
    again, took = wait_for(gateway, device, f"?wait=1&version={second['version']}").answer()
    assert again == second and 0.95 < took < 1.5


def test_nothing_happens(gateway, watch):
    answer, took = wait_for(gateway, device_of(gateway), "?wait=1").answer()
    assert answer == {"challenges": [], "version": 0}
    assert 0.95 < took < 1.5


@pytest.mark.gateway(workers=2)
def test_a_ring_at_one_worker_is_heard_at_the_other(gateway, spread_port):
    before = [len(os.listdir(f"/proc/{pid}/fd")) for pid in gateway.workers()]
    polls = [wait_for(gateway, device_of(gateway), port=spread_port) for _ in range(32)]
    after = [len(os.listdir(f"/proc/{pid}/fd")) for pid in gateway.workers()]
    assert all(then > now for now, then in zip(before, after)), (before, after)
    rung = ring(gateway)
    assert {len(poll.answer()[0]["challenges"]) for poll in polls} == {1}
    assert time.monotonic() - rung < 1


@pytest.mark.gateway(conf="kabinet_threads db=2 hash=1;")
def test_no_thread_is_held(gateway, watch):
    polls = [wait_for(gateway, device_of(gateway)) for _ in range(80)]
    began = time.monotonic()
    assert gateway.signed_in().get("/", headers={"Accept": "text/html"}).status == 200
    assert time.monotonic() - began < 2
    rung = ring(gateway)
    assert {len(poll.answer()[0]["challenges"]) for poll in polls} == {1}
    assert time.monotonic() - rung < 1
    assert gateway.metrics()["kabinet_shed_total"] == 0


@pytest.mark.parametrize("end", ["reload", "quit"])
def test_it_is_answered_when_nginx_goes(gateway, watch, end):
    polls = [wait_for(gateway, device_of(gateway)) for _ in range(20)]
    began = time.monotonic()
    watch.master.send_signal(signal.SIGHUP if end == "reload" else signal.SIGQUIT)
    assert [poll.answer()[0] for poll in polls] == [{"challenges": [], "version": 0}] * 20
    assert time.monotonic() - began < 2


def test_who_is_refused_does_not_wait(gateway, watch):
    device, forger, query = device_of(gateway), generate(), "?wait=20"
    unknown = Device(forger, id="01993f6e-8a4c-7d21-b2f0-5c3e9a7d1b64")
    good = signed(gateway, device, query)
    before = parked(gateway)
    for data, status, code in (
        (signed(gateway, device, query, key=forger), 401, "signature_invalid"),
        (good.replace(b"?wait=20", b"?wait=21"), 401, "signature_invalid"),
        (good.replace(b"Signature: ", b"Unsigned: "), 401, "signature_invalid"),
        (signed(gateway, unknown, query), 404, "device_unknown"),
        (signed(gateway, device, query, created=int(time.time()) - 100), 401, "clock_skew"),
        (signed(gateway, device, query, created=int(time.time()) + 100), 401, "clock_skew"),
        *((signed(gateway, device, bad), 400, "bad_request") for bad in (
            "?version=1", "?wait=0", "?wait=26", "?wait=1&version=0", "?wait=1&wait=1", "?wait=-1")),
    ):
        said, problem = ask(gateway, data)
        assert (said, problem["code"]) == (status, code)
    assert parked(gateway) == before
    Parked(gateway, good).plug.close()  # what was forged from it is not held against it


@pytest.mark.gateway(conf="kabinet_device_hold 1s;")
def test_an_app_that_is_objected_away_is_told_at_once(gateway, browser, watch, sandbox):
    assert begin(browser, IIN)["state"] == "code"
    otp = browser.step("new_device").json["data"]["one_time_password"]
    new, sms = activate(gateway, sandbox, otp, gateway.people[IIN].phone)
    assert new.proof(sms)["state"] == "held"
    assert ask(gateway, signed(gateway, new.device, "?wait=20"))[1]["code"] == "device_held"
    until(lambda: ask(gateway, signed(gateway, new.device))[0] == 200)
    old = app_of(gateway, IIN)
    poll = wait_for(gateway, new.device, f"?wait=20&version={old.challenges()['version']}")
    old.object(next(e["id"] for e in old.events()["events"] if e["kind"] == "device"))
    began = time.monotonic()
    assert poll.answer(404)[0]["code"] == "device_unknown"
    assert time.monotonic() - began < SOON
