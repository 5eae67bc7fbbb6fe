"""docs/openapi.yaml and the running server say the same: routes, steps, and every answer seen here.

The app's operations are in test_openapi_app.py, the feed's and the devices' in test_openapi_cabinet.py.
"""

import re

import jsonschema
import pytest
import yaml

from support import ROOT, until

KNOWN, OTHER, WITH_APP = "880314493312", "920705493744", "860922390740"
NOBODY = "830611390604"
MOVED = "950418490715"
EVIDENCE = {"child_iin": "200229699997", "birth_certificate": "0100532718", "parent1_iin": "790130392190",
            "parent2_iin": MOVED, "attendance": "queue"}
GOOD = {"iin": NOBODY, "consents": {"terms": True, "notifications": True}}
NEXT, ABSENT = "Sarybulaq-1-Tulpar!", "00000000-0000-0000-0000-000000000000"
METHODS = ("get", "put", "post", "delete", "patch")
FAR = "set_real_ip_from 127.0.0.1; real_ip_header X-Far;"
GENERAL = {400, 403, 411, 413, 415, 422, 425}  # what `default` stands for
TOO_LONG = {("flow_show", 410), ("flow_cancel", 410), ("flow_qr", 410)}  # a flow lives for ten minutes


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


def part_of(path):
    first = path.split("/")[1]
    return {"app": "app", "events": "cabinet", "devices": "cabinet", "children": "cabinet"}.get(first)


class Client:
    """Compares each answer with what is written about it, and remembers (operation, status).

    All operations may be asked; those of its part must be."""

    def __init__(self, doc, part=None):
        self.doc = doc
        self.seen = set()
        self.due = [found for found in operations(doc) if part_of(found[1]) == part]

    def find(self, method, path):
        for known, template, operation in operations(self.doc):
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if known == method and re.fullmatch(pattern, path.partition("?")[0]):
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
        return {(operation["operationId"], int(status) if status != "default" else status)
                for _, _, operation in self.due for status in operation["responses"]} - self.seen


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
    for file in (ROOT / "core" / "api").rglob("*.c"):
        served |= set(re.findall(rows, file.read_text(encoding="utf-8")))
    assert len(served) > 10
    assert served == {(operation["operationId"], method, path) for method, path, operation in operations(doc)}
    steps = set()
    for file in (ROOT / "core" / "flow").rglob("*.c"):
        steps |= set(re.findall(r'\{"(\w+)",\s*KAB_AUTH_FLOW,\s*KAB_STATE_\w+,\s*NULL', file.read_text()))
    documented = doc["paths"]["/flows/{id}/{step}"]["parameters"][1]["schema"]["enum"]
    assert steps == set(documented) == set(doc["components"]["schemas"]["Flow"]["properties"]["steps"]
                                           ["items"]["enum"])


def test_problems_are_those_of_the_server(doc):
    rows = re.findall(r'X\(\w+,\s+(\d+), "(\w+)"', (ROOT / "core" / "base" / "error.h").read_text())
    problem = doc["components"]["schemas"]["Problem"]["properties"]
    assert len(rows) > 20 and sorted(code for _, code in rows) == sorted(problem["code"]["enum"])


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


def recovery(ask, gateway):
    browser, stranger = gateway.browser(), gateway.browser()
    at = f"/flows/{ask(browser, 'POST', '/flows', {'kind': 'recovery', 'lang': 'kk'}).json['id']}"
    assert ask(browser, "GET", at + "/qr.svg").code == "wrong_state"
    assert ask(browser, "POST", at + "/identify", GOOD).status == 422
    flow = ask(browser, "POST", at + "/identify", {"iin": WITH_APP}).json
    assert flow["state"] == "code" and flow["data"]["attempts_left"] == 3
    assert ask(browser, "GET", at + "/qr.svg").status == 200
    assert ask(stranger, "GET", at + "/qr.svg").status == 404
    assert ask(browser, "POST", at + "/resend", {}).status == 429
    update = {"code": "x", "password": NEXT, "password_repeat": NEXT}
    assert ask(browser, "POST", at + "/update", {**update, "password": "short"}).code == "validation_failed"
    answers = [ask(browser, "POST", at + "/update", update) for _ in range(4)]
    assert [answer.code for answer in answers] == ["code_wrong"] * 2 + ["challenge_burned"] * 2
    assert [answer.json.get("attempts_left") for answer in answers] == [2, 1, None, None]
    flow = ask(browser, "POST", at + "/new_device", {}).json
    assert flow["state"] == "activate" and flow["data"]["device"] == "none"
    assert ask(browser, "GET", at + "/qr.svg").status == 200
    assert ask(browser, "POST", at + "/send", {}).code == "wrong_state", "this page's app has proved nothing"
    assert ask(browser, "POST", at + "/back", {}).json["state"] == "identify"
    at = f"/flows/{ask(browser, 'POST', '/flows', {'kind': 'login'}).json['id']}"
    ask(browser, "POST", at + "/identify", {**GOOD, "iin": OTHER})
    flow = ask(browser, "POST", at + "/forgot", {}).json
    assert (flow["kind"], flow["state"]) == ("recovery", "activate")
    assert ask(browser, "POST", at + "/send", {}).code == "wrong_state"
    flow = ask(browser, "POST", at + "/back", {}).json
    assert (flow["kind"], flow["state"]) == ("login", "password")


def reregistration(ask, gateway):
    """To the page that shows the one-time password; the app's part is test_openapi_app's."""
    browser = gateway.browser()
    at = f"/flows/{ask(browser, 'POST', '/flows', {'kind': 'reregistration'}).json['id']}"
    assert ask(browser, "POST", at + "/evidence", EVIDENCE).code == "wrong_state"
    assert ask(browser, "POST", at + "/begin", {}).json["state"] == "evidence"
    assert ask(browser, "POST", at + "/evidence", {**EVIDENCE, "attendance": "x"}).status == 422
    wrong = {**EVIDENCE, "birth_certificate": "0100532719"}
    assert ask(browser, "POST", at + "/evidence", wrong).json["data"]["attendance"] == "queue"
    assert ask(browser, "POST", at + "/confirm", {}).code == "evidence_mismatch"
    assert ask(browser, "POST", at + "/back", {}).json["state"] == "evidence"
    assert ask(browser, "POST", at + "/evidence", EVIDENCE).json["state"] == "confirm"
    assert ask(browser, "POST", at + "/confirm", {}).json["state"] == "contact"
    contact = {"iin": MOVED, "phone": "+77785550715"}
    assert ask(browser, "POST", at + "/contact", {**contact, "phone": "1"}).status == 422
    assert ask(browser, "POST", at + "/contact", contact).status == 503, "BMG is away"
    gateway.stack.start_sandbox()
    try:
        flow = until(lambda: (lambda answer: answer.status == 200 and answer)(
            ask(browser, "POST", at + "/contact", contact)), what="BMG was not asked")
    finally:
        gateway.stack.stop_sandbox()
    assert flow.json["state"] == "activate"
    assert ask(browser, "POST", at + "/back", {}).json["data"]["phone"] == contact["phone"]
    assert ask(browser, "POST", at + "/back", {}).json["state"] == "confirm"


def activation(ask, gateway):
    browser = gateway.browser()
    begin = ("POST", "/flows", {"kind": "activation", "lang": "ru"})
    assert ask(browser, *begin).status == 401
    browser = gateway.signed_in(KNOWN)
    flow = ask(browser, *begin).json
    assert flow["state"] == "activate" and flow["steps"] == []
    at = f"/flows/{flow['id']}"
    assert ask(browser, "GET", at + "/qr.svg").status == 200
    answers = [ask(browser, *begin) for _ in range(30)]
    assert answers[-1].status == 429
    at = f"/flows/{answers[-2].json['id']}"
    session = browser.cookies.pop("__Host-kabinet_session")
    for method, path in (("GET", at), ("GET", at + "/qr.svg"), ("DELETE", at)):
        assert ask(browser, method, path).code == "no_session"
    browser.cookies["__Host-kabinet_session"] = session
    assert ask(browser, "DELETE", at).status == 204


def general(ask, gateway):
    """What every operation may say before it begins."""
    browser = gateway.browser()
    for method, template, _ in ask.due:
        path = re.sub(r"\{\w+\}", "x", template)  # X-Far: not on this machine, and no TLS
        assert ask(browser, method, path, headers={"X-Far": "192.0.2.1"}).code == "https_required", path
        assert ask(browser, method, path, headers={"Early-Data": "1"}).status == 425
        assert ask(browser, method, path, b"x" * 9000).status == 413
        chunked = {"Transfer-Encoding": "chunked"}
        assert ask(browser, method, path, b"0\r\n\r\n", headers=chunked).status == 411


def outage(ask, gateway, requests):
    """`requests`: (whose, method, path, body)."""
    gateway.stack.stop_redis()
    gateway.stack.stop_postgres()
    try:
        for request in requests:
            assert ask(*request).status == 503, request[1:]
    finally:
        gateway.stack.start_postgres()
        gateway.stack.start_redis()
    until(lambda: gateway.browser().get("/health").status == 200)


@pytest.mark.gateway(server=FAR)
def test_every_answer_is_as_documented(gateway, doc):
    ask = Client(doc)
    flows(ask, gateway)
    cabinet(ask, gateway)
    gateway.redis.flushall()  # nobody waits any more
    recovery(ask, gateway)
    reregistration(ask, gateway)
    activation(ask, gateway)
    general(ask, gateway)
    gateway.redis.flushall()
    browser = gateway.signed_in(KNOWN)
    browser.begin()
    bodies = {"flow_create": {"kind": "login"}, "flow_step": GOOD, "locale": {"locale": "kk"}}
    values = {"/sessions/{id}": f"/sessions/{ABSENT}", "{id}": browser.flow, "{step}": "identify", "{kind}": "terms"}
    requests = []
    for method, path, operation in sorted(ask.due, key=lambda due: due[2]["operationId"] == "sign_out"):
        for name, value in values.items():
            path = path.replace(name, value)
        if path != "/meta":
            requests.append((browser, method, path, bodies.get(operation["operationId"])))
    outage(ask, gateway, requests)  # signing out is the last: it takes the cookie
    assert ask.missing() == TOO_LONG
