"""docs/openapi.yaml and the running server say the same about the app, which signs what it sends."""

import json
import os
import re
import time

import pytest
from test_openapi import ABSENT, FAR, KNOWN, NEXT, OTHER, Client, fixture_doc, general, outage

from support import Browser, until
from kabinet_app import signing
from kabinet_app.keys import Device, generate

__all__ = ["fixture_doc"]
# Two at one moment, of whom one is told 409; and a code that expires while its QR is looked for.
BY_CHANCE = {("app_device_create", 409), ("app_device_proof", 409), ("app_open", 409), ("app_deny", 409),
             ("app_claim", 410)}
MASKS = [lambda x, y: (x + y) % 2, lambda x, y: y % 2, lambda x, y: x % 3, lambda x, y: (x + y) % 3,
         lambda x, y: (y // 2 + x // 3) % 2, lambda x, y: x * y % 2 + x * y % 3,
         lambda x, y: (x * y % 2 + x * y % 3) % 2, lambda x, y: ((x + y) % 2 + x * y % 3) % 2]


class Phone(Browser):
    """Signs what it sends; `created` and `nonce` as given, else its own."""

    def __init__(self, port, device, keyid=None):
        super().__init__(port)
        self.device = device
        self.keyid = keyid or device.id

    def api(self, method, path, body=None, **more):
        stamp = {name: more.pop(name) for name in ("created", "nonce") if name in more}
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        uri = f"http://127.0.0.1:{self.port}/kabinet/api/v1{path}"
        headers = signing.signed_headers(self.device.key, self.keyid, method, uri, data, **stamp)
        return super().api(method, path, data or None, cookies=False,
                           headers={**headers, **more.pop("headers", {})}, **more)


def own_phone(gateway, iin):
    """The one that the demonstration's import made."""
    return Phone(gateway.port, Device.load(os.path.join(gateway.stack.devices, f"{iin}.jwk")))


def new_phone(gateway):
    device = Device(generate())
    return Phone(gateway.port, device, device.thumbprint)


def sms_code(gateway, number):
    messages = Browser(gateway.stack.sandbox_port)
    path = f"/sandbox/messages?to=%2B{number[1:]}"
    found = until(lambda: [m for m in messages.get(path).json if m["channel"] == "sms"], what="no SMS came")
    return found[-1]["text"][:6]


def state_base(gateway, iin, number):
    answer = Browser(gateway.stack.sandbox_port).request(
        "PUT", f"/sandbox/bmg/{iin}", json.dumps({"phone": number}), {"Content-Type": "application/json"})
    assert answer.status < 300


def qr_secret(svg):
    """Reads a code of version 4-M as the gateway draws it: nothing in it is damaged."""
    dark = set()
    for x, y, n in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg.split('fill="#000"')[1]):
        dark |= {(int(x) - 4 + i, int(y) - 4) for i in range(int(n))}
    side = max(x for x, _ in dark) + 1
    assert side == 33, "another version: the link's length has changed"
    mask = MASKS[int("".join(str(int((x, 8) in dark)) for x in (2, 3, 4)), 2) ^ 0b101]
    bits, upward = "", True
    for right in (*range(side - 1, 6, -2), 5, 3, 1):
        for y in range(side - 1, -1, -1) if upward else range(side):
            for x in (right, right - 1):
                corner = (x < 9 and (y < 9 or y >= side - 8)) or (x >= side - 8 and y < 9)
                if not (corner or 6 in (x, y) or (abs(x - 26) < 3 and abs(y - 26) < 3)):
                    bits += str(int(((x, y) in dark) ^ (mask(x, y) == 0)))
        upward = not upward
    words = [int(bits[i:i + 8], 2) for i in range(0, 64 * 8, 8)]
    text = "".join(f"{word:08b}" for word in words[::2] + words[1::2])
    assert text[:4] == "0100"
    link = bytes(int(text[12 + 8 * i:20 + 8 * i], 2) for i in range(int(text[4:12], 2))).decode()
    return re.fullmatch(r"http://[\d.:]+/kabinet/app/#([\w-]{22})", link)[1]


# ---- what a person does ------------------------------------------------------------------------


def begin(ask, browser, iin):
    browser.flow = ask(browser, "POST", "/flows", {"kind": "recovery"}).json["id"]
    return ask(browser, "POST", f"/flows/{browser.flow}/identify", {"iin": iin}).json


def look(ask, browser):
    return ask(browser, "GET", f"/flows/{browser.flow}").json


def secret(ask, browser):
    """What the QR code says, which is what a person on the same phone follows."""
    found = qr_secret(ask(browser, "GET", f"/flows/{browser.flow}/qr.svg").body.decode())
    assert look(ask, browser)["data"]["app_link"] .endswith(f"/kabinet/app/#{found}")
    return found


def activation(ask, gateway):
    """OTHER's first phone, with all that is refused on the way."""
    browser, phone, number = gateway.browser(), new_phone(gateway), gateway.people[OTHER].phone
    flow = begin(ask, browser, OTHER)
    assert flow["state"] == "activate"
    otp = flow["data"]["one_time_password"]
    good = {"phone": number, "one_time_password": otp, "platform": "cli", "push_token": "t",
            "public_key": phone.device.public_jwk, "accept_terms": True}
    by_qr = {**good, "qr": secret(ask, browser)}
    del by_qr["one_time_password"]
    malformed(ask, phone, "POST", "/app/devices")
    slip = otp[:-1] + str((int(otp[-1]) + 1) % 10)
    for change, field, code in (({"one_time_password": slip}, "one_time_password", "otp_check_digit"),
                                ({"qr": "x"}, "one_time_password", "missing"),
                                ({"accept_terms": False}, "accept_terms", "consent_required")):
        answer = ask(phone, "POST", "/app/devices", {**good, **change})
        assert (answer.status, answer.json["errors"]) == (422, [{"field": field, "code": code}])
    wrong = ask(phone, "POST", "/app/devices", {**by_qr, "qr": "x" * 22})
    assert (wrong.status, wrong.json["errors"][0]["code"]) == (422, "otp_wrong")
    unsigned(ask, gateway, "POST", "/app/devices", good)
    bound = ask(phone, "POST", "/app/devices", by_qr).json
    assert ask(phone, "POST", "/app/devices", good).json == bound, "the same key, the same device"
    look(ask, browser)
    proof = f"/app/devices/{bound['device_id']}/proof"
    malformed(ask, phone, "POST", proof)
    code = sms_code(gateway, number)
    unsigned(ask, gateway, "POST", proof, {"code": code})
    assert ask(phone, "POST", f"/app/devices/{ABSENT}/proof", {"code": code}).code == "device_unknown"
    wrong = f"{(int(code) + 1) % 1000000:06d}"
    assert ask(phone, "POST", proof, {"code": wrong}).code == "proof_wrong"
    state_base(gateway, OTHER, None)
    assert ask(phone, "POST", proof, {"code": code}).code == "bmg_not_registered"
    state_base(gateway, OTHER, number)
    assert ask(phone, "POST", proof, {"code": code}).json["state"] == "active"
    assert look(ask, browser)["data"]["device"] == "active"
    flow = ask(browser, "POST", f"/flows/{browser.flow}/new_device", {}).json
    for last in range(6):  # five numbers for one password
        body = {**good, "one_time_password": flow["data"]["one_time_password"], "phone": f"+7701000000{last}"}
        answer = ask(phone, "POST", "/app/devices", body)
    assert answer.status == 429


def second_phone(ask, gateway):
    """KNOWN has one: another is held, and may do nothing."""
    browser, phone, number = gateway.browser(), new_phone(gateway), gateway.people[KNOWN].phone
    assert begin(ask, browser, KNOWN)["state"] == "code"
    flow = ask(browser, "POST", f"/flows/{browser.flow}/new_device", {}).json
    fields = {"phone": number, "one_time_password": flow["data"]["one_time_password"], "platform": "cli",
              "public_key": phone.device.public_jwk, "accept_terms": True}
    phone.device.id = ask(phone, "POST", "/app/devices", fields).json["device_id"]
    code = sms_code(gateway, number)
    answer = ask(phone, "POST", f"/app/devices/{phone.device.id}/proof", {"code": code})
    assert answer.json["state"] == look(ask, browser)["data"]["device"] == "held"
    phone.keyid = phone.device.id
    for method, path, body in as_a_device():
        assert ask(phone, method, path, body).code == "device_held"


def confirmation(ask, gateway):
    """KNOWN's own phone: list, claim, open, the new password; then deny, and a wrong sign."""
    browser, phone = gateway.browser(), own_phone(gateway, KNOWN)
    sign = begin(ask, browser, KNOWN)["data"]["sign"]
    rows = ask(phone, "GET", "/app/challenges?wait=1").json["challenges"]
    mine = ask(phone, "POST", "/app/challenges/claim", {"qr": secret(ask, browser)}).json
    assert mine in rows and sign in mine["signs"]
    opening = f"/app/challenges/{mine['id']}/open"
    first, again = (ask(phone, "POST", opening, {"sign": sign}) for _ in range(2))
    assert first.status == 200 and first.json == again.json
    update = {"code": first.json["code"], "password": NEXT, "password_repeat": NEXT}
    assert ask(browser, "POST", f"/flows/{browser.flow}/update", update).json["state"] == "done"
    assert look(ask, browser)["steps"] == []
    assert ask(phone, "POST", opening, {"sign": sign}).code == "challenge_burned"
    sign = begin(ask, browser, KNOWN)["data"]["sign"]
    mine = ask(phone, "POST", "/app/challenges/claim", {"qr": secret(ask, browser)}).json
    other = next(other for other in mine["signs"] if other != sign)
    answer = ask(phone, "POST", f"/app/challenges/{mine['id']}/open", {"sign": other})
    assert (answer.status, answer.code) == (410, "challenge_burned")
    assert ask(phone, "POST", f"/app/challenges/{mine['id']}/deny", {"report": True}).status == 204
    assert ask(phone, "PUT", "/app/push-token", {"push_token": "another"}).status == 204
    assert ask(phone, "GET", "/app/challenges?wait=0").status == 400
    events = ask(phone, "GET", "/app/events").json["events"]
    changed = next(event for event in events if event["kind"] == "password_changed")
    assert changed["object_until"] > changed["at"]
    signed_in = next(event for event in events if event["kind"] == "recovery")
    assert ask(phone, "POST", f"/app/events/{signed_in['id']}/object", {}).code == "wrong_state"
    for _ in range(2):
        assert ask(phone, "POST", f"/app/events/{changed['id']}/object", {}).status == 204
    assert ask(phone, "GET", "/app/events").json["events"][0]["kind"] == "objected"


# ---- what each may be refused ------------------------------------------------------------------


def as_a_device():
    return [("GET", "/app/challenges", None), ("PUT", "/app/push-token", {"push_token": "t"}),
            ("POST", "/app/challenges/claim", {"qr": "x" * 22}),
            ("POST", f"/app/challenges/{ABSENT}/open", {"sign": "42"}),
            ("POST", f"/app/challenges/{ABSENT}/deny", {}), ("GET", "/app/events", None),
            ("POST", f"/app/events/{ABSENT}/object", {})]


def unsigned(ask, gateway, method, path, body):
    for sender in (gateway.browser(), new_phone(gateway)):
        assert ask(sender, method, path, body).code == "signature_invalid"


def malformed(ask, phone, method, path):
    field = {"/app/challenges": None, "/app/events": None, f"/app/challenges/{ABSENT}/deny": {"report": 1},
             f"/app/events/{ABSENT}/object": {"x": 1}}.get(path, {})
    for body, headers, status in ((b"[", {}, 400), (field, {}, 422), (b"{}", {"Content-Type": "a/b"}, 415)):
        if field is not None:
            assert ask(phone, method, path, body, headers=headers).status == status


def refusals(ask, gateway):
    phone = own_phone(gateway, KNOWN)
    stranger = Phone(gateway.port, phone.device, ABSENT)
    forger = Phone(gateway.port, Device(generate()), phone.device.id)
    for method, path, body in as_a_device():
        malformed(ask, phone, method, path)
        unsigned(ask, gateway, method, path, body)
        assert ask(forger, method, path, body).code == "signature_invalid"
        assert ask(stranger, method, path, body).code == "device_unknown"
        late = ask(phone, method, path, body, created=int(time.time()) - 300)
        assert late.code == "clock_skew" and late.header("date")
        stamp = {"created": int(time.time()), "nonce": "once"}
        first, again = (ask(phone, method, path, body, **stamp) for _ in range(2))
        assert first.status == (404 if method == "POST" else 200 if method == "GET" else 204)
        assert method == "GET" or again.code == "signature_replayed"


@pytest.mark.gateway(server=FAR)
def test_every_answer_to_the_app_is_as_documented(gateway, doc):
    ask = Client(doc, "app")
    gateway.stack.start_sandbox()
    try:
        activation(ask, gateway)
        second_phone(ask, gateway)
    finally:
        gateway.stack.stop_sandbox()
    confirmation(ask, gateway)
    refusals(ask, gateway)
    general(ask, gateway)
    phone, new = own_phone(gateway, KNOWN), new_phone(gateway)
    fields = {"phone": "+77010000000", "qr": "x" * 22, "platform": "cli", "accept_terms": True,
              "public_key": new.device.public_jwk}
    outage(ask, gateway, [(phone, *request) for request in as_a_device()] + [
        (new, "POST", "/app/devices", fields),
        (new, "POST", f"/app/devices/{ABSENT}/proof", {"code": "123456"})])
    assert ask.missing() == BY_CHANCE
