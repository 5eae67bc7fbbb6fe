"""docs/openapi.yaml and the running server say the same: routes, steps, and every answer seen here."""

import json
import os
import re
import sys

import jsonschema
import pytest
import yaml

from support import ROOT, Browser, until

sys.path.insert(0, str(ROOT / "tools"))

from kabinet_app import signing  # noqa: E402
from kabinet_app.keys import Device, generate  # noqa: E402

WITH_APP = "860922390740"
KNOWN, OTHER = "880314493312", "920705493744"
NOBODY = "830611390604"
GOOD = {"iin": NOBODY, "consents": {"terms": True, "notifications": True}}
NEXT, ABSENT = "Sarybulaq-1-Tulpar!", "00000000-0000-0000-0000-000000000000"
METHODS = ("get", "put", "post", "delete", "patch")
GENERAL = {400, 403, 411, 413, 415, 422, 425}  # what `default` stands for
NEVER_SEEN = {410}  # a flow lives for ten minutes, a code for five
ELSEWHERE = {("app_claim", 200)}  # QR codes are read in the browser's tests


@pytest.fixture(name="doc", scope="module")
def fixture_doc():
    return yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))


def operations(doc):
    for path, item in doc["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def resolve(doc, value):
    while "$ref" in value:
        at = doc
        for part in value["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        value = at
    return value


def fits(doc, schema, value):
    """The document's own references are looked up in it."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema],
             "components": doc["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


class Client:
    """Compares each answer with what is written about it, and remembers (operation, status)."""

    def __init__(self, doc):
        self.doc = doc
        self.seen = set()

    def find(self, method, path):
        for known, template, operation in operations(self.doc):
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if known == method and re.fullmatch(pattern, path):
                return operation
        raise AssertionError(f"{method} {path} is not documented")

    def __call__(self, browser, method, path, body=None, **more):
        operation = self.find(method, path)
        answer = browser.api(method, path, body, **more)
        where = f"{operation['operationId']} {answer.status} {answer.body}"
        responses = operation["responses"]
        general = "default" if answer.status in GENERAL else "undocumented"
        key = str(answer.status) if str(answer.status) in responses else general
        assert key in responses, where
        response = resolve(self.doc, responses[key])
        content = response.get("content", {})
        if content:
            kind = answer.header("content-type")
            assert kind in content, where
            fits(self.doc, content[kind]["schema"], answer.json if "json" in kind else answer.body.decode())
            if "problem" in kind:
                assert answer.json["status"] == answer.status
        else:
            assert answer.body == b"" and answer.header("content-type") is None, where
        for name, header in response.get("headers", {}).items():
            assert answer.header(name) is not None, where
            fits(self.doc, header["schema"], int(answer.header(name)))
        if answer.status < 300 and isinstance(body, dict):
            fits(self.doc, operation["requestBody"]["content"]["application/json"]["schema"], body)
        self.seen.add((operation["operationId"], answer.status if key != "default" else "default"))
        return answer

    def missing(self):
        wanted = {(operation["operationId"], int(status) if status != "default" else status)
                  for _, _, operation in operations(self.doc) for status in operation["responses"]}
        return {pair for pair in wanted - self.seen - ELSEWHERE if pair[1] not in NEVER_SEEN}


# ---- the document ------------------------------------------------------------------------------


def test_the_document_is_sound(doc):
    assert doc["openapi"].startswith("3.1.")
    names = [operation["operationId"] for _, _, operation in operations(doc)]
    assert len(names) == len(set(names))
    for path, item in doc["paths"].items():
        assert set(item) <= {*METHODS, "parameters"}
        declared = {resolve(doc, parameter)["name"] for parameter in item.get("parameters", [])}
        assert declared == set(re.findall(r"\{(\w+)\}", path))
    used = set()

    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                used.add(value["$ref"])
                assert resolve(doc, value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(doc)
    for name, schema in doc["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert f"#/components/schemas/{name}" in used
    for _, _, operation in operations(doc):
        assert operation["summary"]
        assert "default" in operation["responses"]
        for response in operation["responses"].values():
            assert resolve(doc, response)["description"]


def test_routes_and_steps_are_those_of_the_server(doc):
    rows = r'\{"(\w+)",\s*KAB_AUTH_\w+,\s*KAB_STATE_\w+,\s*"([A-Z]+)",\s*"(/[^"]*)"'
    served = set()
    for file in (ROOT / "core" / "api").glob("*.c"):
        served |= set(re.findall(rows, file.read_text(encoding="utf-8")))
    assert len(served) > 10
    assert served == {(operation["operationId"], method, path) for method, path, operation in operations(doc)}
    steps = set()
    for file in (ROOT / "core" / "flow").glob("*.c"):
        steps |= set(re.findall(r'\{"(\w+)",\s*KAB_AUTH_FLOW,\s*KAB_STATE_\w+,\s*NULL', file.read_text()))
    documented = doc["paths"]["/flows/{id}/{step}"]["parameters"][1]["schema"]["enum"]
    assert steps == set(documented) == set(doc["components"]["schemas"]["Flow"]["properties"]["steps"]
                                           ["items"]["enum"])


# ---- the answers -------------------------------------------------------------------------------


def flows(ask, gateway):
    browser = gateway.browser()
    ask(browser, "GET", "/meta")
    begun = ask(browser, "POST", "/flows", {"kind": "login", "return_to": "/a", "lang": "en"})
    at = f"/flows/{begun.json['id']}"
    for body, status in ((b"[", 400), ({}, 422), (b"x" * 9000, 413)):
        assert ask(browser, "POST", "/flows", body).status == status
        assert ask(browser, "POST", at + "/identify", body).status == status
    for name, value, status in (("Origin", "null", 403), ("Content-Type", "a/b", 415),
                                ("Early-Data", "1", 425)):
        headers = {name: value}
        assert ask(browser, "POST", "/flows", {"kind": "login"}, headers=headers).status == status
        assert ask(browser, "POST", at + "/identify", GOOD, headers=headers).status == status
    ask(browser, "DELETE", at, headers={"Origin": "null"})
    ask(browser, "GET", at)
    ask(browser, "POST", at + "/password", {"password": "x"})
    ask(browser, "POST", at + "/identify", GOOD)
    ask(browser, "POST", at + "/back", {})
    ask(browser, "POST", at + "/identify", GOOD)
    for _ in range(6):
        answer = ask(browser, "POST", at + "/password", {"password": "Wrong!Password1"})
    assert answer.status == 429
    ask(browser, "DELETE", at)
    for method, path in (("GET", at), ("DELETE", at), ("POST", at + "/identify")):
        assert ask(browser, method, path).status == 404


def cabinet(ask, gateway):
    stranger, browser = gateway.browser(), gateway.browser()
    password = gateway.people[OTHER].password
    browser.identify(OTHER)
    done = ask(browser, "POST", f"/flows/{browser.flow}/password", {"password": password})
    assert done.json["state"] == "done"
    evil = {"Origin": "https://evil.example"}
    new = {"current_password": "x", "password": NEXT, "password_repeat": NEXT}
    changing = [("DELETE", "/sessions", None), ("DELETE", f"/sessions/{ABSENT}", None),
                ("DELETE", "/consents/terms", None), ("PUT", "/locale", {"locale": "kk"}),
                ("POST", "/password", new)]
    reading = [("GET", path, None) for path in ("/session", "/sessions", "/consents")]
    for method, path, body in reading + changing:
        assert ask(stranger, method, path, body).status == 401
    for method, path, body in [*changing, ("DELETE", "/session", None)]:
        assert ask(browser, method, path, body, headers=evil).status == 403
    for path in ("/session", "/sessions", "/consents"):
        assert ask(browser, "GET", path).status == 200
    assert ask(browser, "DELETE", f"/sessions/{ABSENT}").status == 404
    assert ask(browser, "DELETE", "/consents/nonsense").status == 404
    for method, path in (("POST", "/password"), ("PUT", "/locale")):
        for body, headers, status in ((b"[", {}, 400), ({}, {}, 422), (b"{}", {"Content-Type": "a/b"}, 415)):
            assert ask(browser, method, path, body, headers=headers).status == status
    assert ask(browser, "POST", "/password", {**new, "current_password": password}).status == 204
    for _ in range(6):
        answer = ask(browser, "POST", "/password", new)
    assert answer.status == 429
    other = gateway.signed_in(KNOWN)
    gateway.signed_in(KNOWN)
    row = ask(other, "GET", "/sessions").json["sessions"][0]
    assert ask(other, "PUT", "/locale", {"locale": "en"}).status == 204
    for path in (f"/sessions/{row['id']}", "/sessions", "/consents/notifications"):
        assert ask(other, "DELETE", path).status == 204
    ask(other, "GET", "/consents")
    ask(other, "GET", "/session")
    assert ask(other, "DELETE", "/session").status == 204


class Phone(Browser):
    """Signs what it sends, and sends no cookies."""

    def __init__(self, port, device, keyid=None):
        super().__init__(port)
        self.device = device
        self.keyid = keyid or device.id

    def api(self, method, path, body=None, **more):
        data = b"" if body is None else json.dumps(body).encode()
        uri = f"http://127.0.0.1:{self.port}/kabinet/api/v1{path}"
        headers = signing.signed_headers(self.device.key, self.keyid, method, uri, data)
        return super().api(method, path, data or None, headers={**headers, **more.get("headers", {})})


def create_fields(device, flow, phone):
    return {"phone": phone, "one_time_password": flow["data"]["one_time_password"], "platform": "cli",
            "public_key": device.public_jwk, "accept_terms": True}


def begin(ask, browser, iin):
    browser.flow = ask(browser, "POST", "/flows", {"kind": "recovery"}).json["id"]
    return ask(browser, "POST", f"/flows/{browser.flow}/identify", {"iin": iin}).json


def recovery(ask, gateway):
    browser = gateway.browser()
    flow = begin(ask, browser, WITH_APP)
    at = f"/flows/{browser.flow}"
    assert ask(browser, "GET", at + "/qr.svg").status == 200
    assert ask(gateway.browser(), "GET", at + "/qr.svg").status == 404
    update = {"code": "0000", "password": NEXT, "password_repeat": NEXT}
    assert ask(browser, "POST", at + "/update", update).code == "code_wrong"
    assert ask(browser, "POST", at + "/resend", {}).status == 429
    phone = Phone(gateway.port, Device.load(os.path.join(gateway.stack.devices, f"{WITH_APP}.jwk")))
    challenge = ask(phone, "GET", "/app/challenges").json["challenges"][0]
    opening = f"/app/challenges/{challenge['id']}/open"
    code = ask(phone, "POST", opening, {"sign": flow["data"]["sign"]}).json["code"]
    assert ask(browser, "POST", at + "/update", {**update, "code": code}).json["state"] == "done"
    assert ask(browser, "GET", at + "/qr.svg").status == 409
    assert ask(phone, "PUT", "/app/push-token", {"push_token": "t"}).status == 204
    assert ask(phone, "POST", "/app/challenges/claim", {"qr": "x" * 22}).status == 404
    begin(ask, browser, WITH_APP)
    challenge = ask(phone, "GET", "/app/challenges").json["challenges"][0]
    assert ask(phone, "POST", f"/app/challenges/{challenge['id']}/deny", {"report": True}).status == 204
    for step in ("open", "deny"):
        body = {"sign": "11"} if step == "open" else {}
        assert ask(phone, "POST", f"/app/challenges/{ABSENT}/{step}", body).status == 404
    stranger = Phone(gateway.port, Device(generate()), ABSENT)
    for method, path, body in (("GET", "/app/challenges", None), ("PUT", "/app/push-token", {"push_token": "t"})):
        assert ask(stranger, method, path, body).status == 404
    assert ask(stranger, "POST", f"/app/devices/{ABSENT}/proof", {"code": "123456"}).status == 404


def activation(ask, gateway):
    browser = gateway.browser()
    assert ask(browser, "POST", "/flows", {"kind": "login"}).status == 201
    flow = begin(ask, browser, OTHER)
    device = Device(generate())
    phone = Phone(gateway.port, device, device.thumbprint)
    fields = create_fields(device, flow, gateway.people[OTHER].phone)
    bound = ask(phone, "POST", "/app/devices", fields).json["device_id"]
    proof = f"/app/devices/{bound}/proof"
    assert ask(phone, "POST", proof, {"code": "000000"}).code in ("proof_wrong",)
    assert ask(browser, "POST", proof, {"code": "000000"}).status == 401
    messages = Browser(gateway.port + 1)
    sms = until(lambda: [m for m in messages.get("/sandbox/messages").json if m["channel"] == "sms"])
    code = sms[-1]["text"][:6]
    assert ask(phone, "POST", proof, {"code": code}).json["state"] == "active"
    assert ask(browser, "POST", f"/flows/{browser.flow}/send", {}).json["state"] == "code"
    flow = ask(browser, "POST", f"/flows/{browser.flow}/new_device", {}).json
    for number in range(6):
        other = {**fields, **create_fields(device, flow, f"+7701000000{number}")}
        answer = ask(phone, "POST", "/app/devices", other)
    assert answer.status == 429
    for method, path, body in (("GET", "/app/challenges", None), ("PUT", "/app/push-token", {"push_token": "t"}),
                               ("POST", "/app/challenges/claim", {"qr": "x"}), ("POST", "/app/devices", fields),
                               ("POST", f"/app/challenges/{ABSENT}/open", {"sign": "11"}),
                               ("POST", f"/app/challenges/{ABSENT}/deny", {})):
        assert ask(browser, method, path, body).status == 401
    return fields


def general(ask, gateway, doc):
    """What every operation may say before it begins."""
    browser = gateway.browser()
    for method, template, operation in operations(doc):
        path = re.sub(r"\{\w+\}", "x", template)
        far = {"X-Far": "192.0.2.1"}  # not on this machine, and no TLS
        assert ask(browser, method, path, headers=far).code == "https_required", operation["operationId"]
        assert ask(browser, method, path, headers={"Early-Data": "1"}).status == 425
        assert ask(browser, method, path, b"x" * 9000).status == 413
        chunked = {"Transfer-Encoding": "chunked"}
        assert ask(browser, method, path, b"0\r\n\r\n", headers=chunked).status == 411


def outage(ask, gateway, doc, asked):
    """`asked`: what a phone sent to become a device."""
    browser = gateway.signed_in(KNOWN)
    browser.begin()
    phone = Phone(gateway.port, Device.load(os.path.join(gateway.stack.devices, f"{WITH_APP}.jwk")))
    new = Device(generate())
    paths = {"{id}": ABSENT, "/flows/" + ABSENT: f"/flows/{browser.flow}", "{kind}": "terms", "{step}": "identify"}
    bodies = {"flow_create": {"kind": "login"}, "flow_step": GOOD, "locale": {"locale": "kk"},
              "app_device_create": {**asked, "public_key": new.public_jwk}, "app_device_proof": {"code": "123456"},
              "app_push_token": {"push_token": "t"}, "app_claim": {"qr": "x"}, "app_open": {"sign": "11"}}
    gateway.stack.stop_redis()
    gateway.stack.stop_postgres()
    try:
        for method, path, operation in operations(doc):
            name = operation["operationId"]
            for mark, value in paths.items():
                path = path.replace(mark, value)
            who = phone if name.startswith("app_") else browser
            if name == "app_device_create":
                who = Phone(gateway.port, new, new.thumbprint)
            if name not in ("meta", "sign_out"):
                assert ask(who, method, path, bodies.get(name)).status == 503, name
        assert ask(browser, "DELETE", "/session").status == 503
    finally:
        gateway.stack.start_postgres()
        gateway.stack.start_redis()
    until(lambda: gateway.browser().get("/health").status == 200)


@pytest.mark.gateway(server="set_real_ip_from 127.0.0.1; real_ip_header X-Far;")
def test_every_answer_is_as_documented(gateway, doc):
    ask = Client(doc)
    gateway.stack.start_sandbox()
    flows(ask, gateway)
    cabinet(ask, gateway)
    gateway.redis.flushall()  # nobody waits any more
    recovery(ask, gateway)
    asked = activation(ask, gateway)
    gateway.stack.stop_sandbox()
    general(ask, gateway, doc)
    gateway.redis.flushall()  # nobody waits any more
    outage(ask, gateway, doc, asked)
    assert not ask.missing()
