"""The provider sandbox's own endpoints, as tests and people use them."""

import http.client
import json
import subprocess
import sys
import time

import pytest

from support import ROOT, free_port, until

IIN = "880314493312"
PHONE = "+77010000001"


class Sandbox:
    def __init__(self, port, *more):
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tools" / "sandbox"), "--port", str(port), *more])
        until(self.answers)

    def answers(self):
        try:
            return self.ask("GET", "/sandbox/messages")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, key=None, headers=None):
        """Status and JSON (or bytes)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"Authorization": "Bearer sandbox", **(headers or {})}
        if key:
            sent["Idempotency-Key"] = key
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        json_came = answer.headers.get("Content-Type") == "application/json"
        return answer.status, json.loads(text) if json_came else text

    def sms(self, key, to=PHONE, text="1234 — код"):
        return self.ask("POST", "/v1/messages", {"to": to, "text": text}, key)

    def messages(self, to=PHONE):
        return self.ask("GET", "/sandbox/messages?to=" + to.replace("+", "%2B"))[1]

    def fault(self, channel, mode, **more):
        return self.ask("PUT", f"/sandbox/faults/{channel}", {"mode": mode, **more})[0]

    def match(self, phone=PHONE, iin=IIN):
        return self.ask("POST", "/v1/match", {"iin": iin, "phone": phone})

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0


@pytest.fixture
def sandbox():
    sandbox = Sandbox(free_port())
    yield sandbox
    sandbox.stop()


def test_messages_of_a_number(sandbox):
    assert sandbox.messages() == []
    assert sandbox.sms("k1")[0] == 202
    assert sandbox.sms("k2", to="+77010000002")[0] == 202
    push = {"phone": PHONE, "push_token": "t", "title": "T", "body": "B", "data": {"challenge": "c"}, "ttl": 300}
    assert sandbox.ask("POST", "/v1/notifications", push, "k3")[0] == 202
    found = sandbox.messages()
    assert [(m["channel"], m["to"], m["text"], m["data"]) for m in found] == [
        ("sms", PHONE, "1234 — код", {}), ("push", PHONE, "B", {"challenge": "c"})]
    assert all(set(m) == {"channel", "to", "text", "data", "at"} for m in found)
    assert found[0]["at"] <= found[1]["at"] and found[0]["at"].endswith("Z")
    # Who forgets to encode the plus is understood; without a number there are all.
    assert sandbox.ask("GET", f"/sandbox/messages?to={PHONE}")[1] == found
    assert len(sandbox.ask("GET", "/sandbox/messages")[1]) == 3


def test_one_key_is_one_message(sandbox):
    assert [sandbox.sms("k")[0] for _ in range(3)] == [202] * 3
    assert len(sandbox.messages()) == 1
    assert sandbox.sms("k", text="another")[0] == 422
    assert sandbox.sms(None) == (400, {"error": "idempotency_key_missing"})


def test_the_state_base(sandbox):
    assert sandbox.match() == (200, {"result": "not_registered"})
    assert sandbox.ask("PUT", f"/sandbox/bmg/{IIN}", {"phone": PHONE})[0] == 204
    assert sandbox.match() == (200, {"result": "match"})
    assert sandbox.match("+77010000009") == (200, {"result": "mismatch"})
    assert sandbox.ask("PUT", f"/sandbox/bmg/{IIN}", {"phone": None})[0] == 204
    assert sandbox.match() == (200, {"result": "not_registered"})
    for result in ("consent_required", "consent_denied"):
        assert sandbox.ask("PUT", f"/sandbox/bmg/{IIN}", {"phone": PHONE, "result": result})[0] == 204
        assert sandbox.match() == (200, {"result": result})
    assert sandbox.ask("PUT", f"/sandbox/bmg/{IIN}", {"phone": 7})[0] == 400
    assert sandbox.ask("PUT", f"/sandbox/bmg/{IIN}", {"result": "perhaps"})[0] == 400


def test_a_file_of_numbers(tmp_path):
    people = tmp_path / "bmg.csv"
    people.write_text(f"iin,phone\n{IIN},{PHONE}\n", encoding="utf-8")
    sandbox = Sandbox(free_port(), "--bmg", str(people))
    try:
        assert sandbox.match() == (200, {"result": "match"})
    finally:
        sandbox.stop()


def test_faults(sandbox):
    assert sandbox.fault("sms", "error") == 204
    assert sandbox.sms("k1")[0] == 500
    assert sandbox.fault("sms", "garbage") == 204
    assert sandbox.sms("k1") == (200, b"<html>it works")
    assert sandbox.fault("sms", "timeout", ms=200) == 204
    begun = time.monotonic()
    with pytest.raises(http.client.RemoteDisconnected):
        sandbox.sms("k1")
    assert time.monotonic() - begun >= 0.2
    assert sandbox.messages() == [], "none of these accepts anything"
    assert sandbox.fault("sms", "drop") == 204
    with pytest.raises(http.client.RemoteDisconnected):
        sandbox.sms("k1")
    assert len(sandbox.messages()) == 1
    assert sandbox.fault("sms", "slow", ms=200) == 204
    begun = time.monotonic()
    assert sandbox.sms("k1")[0] == 202
    assert time.monotonic() - begun >= 0.2
    assert len(sandbox.messages()) == 1
    # One channel's fault is no other's.
    assert sandbox.match()[0] == 200
    assert sandbox.fault("sms", "ok") == 204
    assert sandbox.sms("k2")[0] == 202


@pytest.mark.parametrize("channel, body, status", [
    ("fax", {"mode": "ok"}, 404),
    ("sms", {"mode": "broken"}, 400),
    ("sms", {"mode": "slow", "ms": -1}, 400),
    ("sms", {"mode": "slow", "ms": True}, 400),
    ("sms", [], 400),
])
def test_a_wrong_fault_is_refused(sandbox, channel, body, status):
    assert sandbox.ask("PUT", f"/sandbox/faults/{channel}", body)[0] == status


def test_what_is_refused(sandbox):
    push = {"phone": PHONE, "push_token": "gone-1", "title": "T", "body": "B"}
    assert sandbox.ask("POST", "/v1/notifications", push, "k") == (404, {"error": "not_registered"})
    push["push_token"] = "t"
    assert sandbox.ask("POST", "/v1/notifications", push, "k", {"Authorization": ""})[0] == 401
    assert sandbox.ask("POST", "/v1/messages", {"to": PHONE}, "k") == (400, {"error": "bad_text"})
    assert sandbox.ask("GET", "/v1/messages")[0] == 404
    assert sandbox.ask("PUT", "/sandbox/elsewhere/x", {})[0] == 404
    assert sandbox.ask("GET", "/sandbox/messages", headers={"Host": "evil.example:80"})[0] == 421
    assert sandbox.messages() == []


def test_the_page(sandbox):
    status, page = sandbox.ask("GET", "/")
    assert status == 200 and b"<html" in page
    assert sandbox.ask("GET", "/sandbox/state")[1]["faults"]["sms"]["mode"] == "ok"
