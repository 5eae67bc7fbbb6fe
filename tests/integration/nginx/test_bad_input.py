"""Whatever is wrong with a request, the answer is a refusal in its own form."""

import json

import pytest

KNOWN = "880314493312"
FLOWS, SESSION = "/kabinet/api/v1/flows", "__Host-kabinet_session"
GOOD = {"iin": KNOWN, "consents": {"terms": True, "notifications": True}}


def problem(answer, status, code):
    """RFC 9457, and nothing of what was sent in it."""
    assert (answer.status, answer.header("content-type")) == (status, "application/problem+json"), answer.body
    body = answer.json
    assert body["type"] == "about:blank" and body["title"]
    assert (body["status"], body["code"]) == (status, code)
    assert answer.header("cache-control") == "no-store"
    return body


def invalid(answer, *errors):
    body = problem(answer, 422, "validation_failed")
    assert [(e["field"], e["code"]) for e in body["errors"]] == list(errors)


# ---- bodies ------------------------------------------------------------------------------------

NO_OBJECT = [
    b"{", b"}", b"[]", b"null", b'"kind"', b"1", b'{"kind":"login"', b'{"kind":"login"}}',
    b'{"kind":"login"} x', b"{'kind':'login'}", b'{"kind":"login",}', b'{"kind":NaN}',
    b'{"kind":"login","kind":"login"}', b'{"kind":"log\xffin"}', b'{"kind":"\xc0\xae"}',
    b'{"kind":"\xed\xa0\x80"}', b'{"kind":"\\ud800"}', b'{"kind":"lo\\u0000gin"}',
    b'{"kind":"login\0"}', b"\0", b'\xef\xbb\xbf{"kind":"login"}', b'{"a\\u0000b":1}',
    b'{"kind":' + b"[" * 3000 + b"]" * 3000 + b"}", b'{"a":' * 1000 + b"1" + b"}" * 1000,
    '{"kind":"login"}'.encode("utf-16"), b"\x1f\x8b\x08\0\0\0\0\0", b" ", b"\n\n", b'{"a":1e999}',
]


def test_bodies_that_are_no_object(gateway, steady):
    browser = gateway.browser()
    for body in NO_OBJECT:
        problem(browser.api("POST", "/flows", body), 400, "bad_request")
    browser.begin()
    for body in NO_OBJECT:
        problem(browser.api("POST", f"/flows/{browser.flow}/identify", body), 400, "bad_request")
    assert browser.api("GET", f"/flows/{browser.flow}").json["version"] == 1


def test_fields(gateway, steady):
    browser = gateway.browser()
    post = lambda body: browser.api("POST", "/flows", body)  # noqa: E731
    invalid(post(None), ("kind", "missing"))
    invalid(post({}), ("kind", "missing"))
    for wrong in (1, 1.5, True, None, [], ["login"], {"login": 1}):
        invalid(post({"kind": wrong}), ("kind", "type"))
    invalid(post({"kind": "x" * 33}), ("kind", "too_long"))
    invalid(post({"kind": "Login", "lang": "de"}), ("kind", "unknown"), ("lang", "unknown"))
    invalid(post({"kind": "login", "x": 1}), ("", "unknown"))
    invalid(post({"kind": 1, "lang": 2, "__proto__": {}}),
            ("kind", "type"), ("lang", "type"), ("", "unknown"))
    browser.begin()
    ticks = GOOD["consents"]
    for iin, code in (("", "iin_length"), ("8803144933", "iin_length"), (KNOWN + "0", "iin_length"),
                      ("880314493311", "iin_check_digit"), ("٨٨٠٣١٤٤٩٣٣١٢", "iin_length")):
        answer = browser.step("identify", {"iin": iin, "consents": ticks})
        problem(answer, 422, "validation_failed")
        assert answer.json["errors"][0]["field"] == "iin"
        assert answer.json["errors"][0]["code"].startswith("iin_")
        assert answer.json["errors"][0]["code"] == code
    required = [(row["kind"], "consent_required") for row in browser.api("GET", "/meta").json["consents"]
                if row["required"]]
    for consents, errors in (({}, required), ([], [("consents", "type")]),
                             ({**ticks, "x": True}, [("consents", "unknown")]),
                             ({**ticks, "terms": False}, [("terms", "consent_required")]),
                             ({**ticks, "terms": "true"}, [("consents", "type")])):
        invalid(browser.step("identify", {"iin": KNOWN, "consents": consents}), *errors)
    assert browser.step("identify", GOOD).status == 200
    for password, code in (("", "missing"), ("a" * 300, "too_long"), ("a" * 1025, "too_long")):
        invalid(browser.step("password", {"password": password}), ("password", code))
    invalid(browser.step("back", {"x": 1}), ("", "unknown"))


def test_sizes_lengths_and_types(gateway, steady, send_raw):
    browser = gateway.browser()
    good = json.dumps({"kind": "login"}).encode()
    assert browser.api("POST", "/flows", good.ljust(8192)).status == 201
    problem(browser.api("POST", "/flows", good.ljust(8193)), 413, "too_large")
    problem(browser.api("POST", "/flows", b"x" * 500000), 413, "too_large")
    chunked = browser.request("POST", FLOWS, iter([good]), {"Content-Type": "application/json"})
    problem(chunked, 411, "length_required")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json",
                 "application/jsonp", "application/json-patch+json", "text/json; application/json"):
        problem(browser.api("POST", "/flows", good, headers={"Content-Type": kind}), 415, "media_type")
    for kind in ("application/json", "APPLICATION/JSON; charset=utf-8", "application/json ;a=b"):
        assert browser.api("POST", "/flows", good, headers={"Content-Type": kind}).status == 201
    problem(browser.api("POST", "/flows", good, headers={"Early-Data": "1"}), 425, "too_early")
    lines = "".join(f"Cookie: a{i}=b\r\n" for i in range(17))
    answer = send_raw(f"GET {FLOWS}/x HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ") and b'"bad_request"' in answer
    long = {"User-Agent": "U\xff" * 2000, "Accept-Language": "x" * 7000, "Referer": "r" * 7000}
    assert browser.api("GET", "/meta", headers=long).status == 200
    assert browser.api("GET", "/meta", headers={"Referer": "r" * 40000}).status in (400, 414)
    assert browser.api("GET", "/meta?" + "q" * 7000).status == 200
    assert browser.api("GET", "/meta?" + "q" * 40000).status == 414


def test_a_wild_user_agent_signs_in(gateway, steady):
    browser = gateway.browser()
    for agent in ("Firefox/" + "9" * 7000, "\xff\xfe\x80", "%s%n{}\\\"'<b>", "\t" * 100, ""):
        browser.identify(KNOWN)
        answer = browser.api("POST", f"/flows/{browser.flow}/password", headers={"User-Agent": agent},
                             body={"password": gateway.people[KNOWN].password})
        assert answer.status == 200, agent
    listed = browser.api("GET", "/sessions").json["sessions"]
    assert [row["browser"] for row in listed] == ["", "", "", "", "Firefox"]


# ---- methods, paths, origins -------------------------------------------------------------------


def test_methods_and_paths(gateway, steady):
    browser = gateway.browser()
    browser.begin()
    for path, allow in (("/flows", "POST"), (f"/flows/{browser.flow}", "GET, DELETE"), ("/meta", "GET"),
                        (f"/flows/{browser.flow}/identify", "POST"), ("/session", "GET, DELETE"),
                        ("/sessions", "GET, DELETE"), ("/password", "POST"), ("/locale", "PUT"),
                        ("/sessions/x", "DELETE"), ("/consents/terms", "DELETE"), ("/consents", "GET")):
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"} - set(allow.split(", ")):
            answer = browser.api(method, path)
            problem(answer, 405, "method_not_allowed")
            assert answer.header("allow") == allow
    for path in ("/", "/flow", "/flows/", "/meta/", "/meta/x", "/flows/a/b/c", "//flows/x/", "/v1", "/FLOWS",
                 "/sessions/", "/%66lows%2f", "/%e2%80%a8"):
        problem(browser.api("GET", path), 404, "not_found")
    problem(browser.get("/kabinet/api/"), 404, "not_found")
    problem(browser.get("/kabinet/api/v2/meta"), 404, "not_found")
    head = browser.request("HEAD", "/kabinet/api/v1/meta")
    assert (head.status, head.body) == (200, b"")
    assert browser.request("HEAD", "/kabinet/api/v1/session").status == 401
    for path in ("/kabinet/api/v1/../../../etc/passwd", "/kabinet/%2e%2e/%2e%2e/etc/passwd",
                 "/kabinet/a%00b"):
        assert browser.get(path).status in (400, 401, 404)


def test_only_this_origin_may_change_things(gateway, steady):
    browser = gateway.browser()
    own = f"http://127.0.0.1:{gateway.port}"

    def post(**headers):
        return browser.api("POST", "/flows", {"kind": "login"}, headers=headers)

    for origin in ("https://evil.example", "null", own + "0", own + "/", own.upper(), own + ", " + own,
                   f"https://127.0.0.1:{gateway.port}", f"http://127.0.0.1.evil.example:{gateway.port}",
                   "http://127.0.0.1", f"http://localhost:{gateway.port}", "x" * 3000):
        problem(post(Origin=origin), 403, "cross_origin")
        problem(post(Origin=origin, **{"Sec-Fetch-Site": "same-origin"}), 403, "cross_origin")
    # a foreign name in Host that points here (DNS rebinding)
    problem(post(Origin="http://evil.example", Host="evil.example"), 403, "cross_origin")
    for site in ("", "none", "cross-site", "same-site", "Same-Origin"):
        problem(post(**{"Sec-Fetch-Site": site}), 403, "cross_origin")
    assert post(Origin=own).status == 201
    assert post(**{"Sec-Fetch-Site": "same-origin"}).status == 201
    assert browser.api("GET", "/meta", headers={"Origin": "https://evil.example"}).status == 200
    signed = gateway.signed_in(KNOWN)
    evil = {"Origin": "https://evil.example"}
    for method, path in (("DELETE", "/session"), ("DELETE", "/sessions"), ("PUT", "/locale")):
        problem(signed.api(method, path, headers=evil), 403, "cross_origin")
    assert signed.api("GET", "/session").status == 200


@pytest.mark.gateway(conf="kabinet_origin https://a.example https://b.example;")
def test_the_origins_that_are_configured(gateway, steady):
    browser = gateway.browser()
    for origin, status in (("https://a.example", 201), ("https://b.example", 201), ("http://a.example", 403),
                           (f"http://127.0.0.1:{gateway.port}", 403), ("https://c.example", 403)):
        answer = browser.api("POST", "/flows", {"kind": "login"}, headers={"Origin": origin})
        assert answer.status == status, origin


# ---- flows -------------------------------------------------------------------------------------


def test_flows_of_nobody_and_of_others(gateway, steady):
    mine, other = gateway.browser(), gateway.browser()
    mine.begin()
    other.begin()
    bad = ["x", "." * 22, mine.flow[:-1], mine.flow + "A", mine.flow[:-1] + "_", mine.flow.swapcase(),
           "%00" * 22, "%e2%80%a8", "*" * 22, "A" * 6000, "%0d%0aDEL%20x", other.flow, "A" * 22]
    for flow in bad:
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/identify")):
            answer = mine.api(method, f"/flows/{flow}{path}", GOOD if method == "POST" else None)
            if answer.status != 400:  # nginx's own word about %00
                problem(answer, 404, "flow_not_found")
    key, good = "__Host-kabinet_flow", mine.cookies["__Host-kabinet_flow"]
    signed = gateway.signed_in(KNOWN).cookies[SESSION]
    for cookie in ("", good[:-1], good[1:], good.swapcase(), signed, f"{good}; {key}={good}", "A" * 4000):
        answer = mine.api("GET", f"/flows/{mine.flow}", headers={"Cookie": f"{key}={cookie}"})
        problem(answer, 404, "flow_not_found")
    problem(mine.api("GET", f"/flows/{mine.flow}", cookies=False), 404, "flow_not_found")
    assert [b.api("GET", f"/flows/{b.flow}").json["version"] for b in (mine, other)] == [1, 1]


def test_steps_out_of_turn(gateway, steady):
    browser = gateway.browser()
    browser.begin()
    password = {"password": gateway.people[KNOWN].password}
    problem(browser.step("password", password), 409, "wrong_state")
    problem(browser.step("back"), 409, "wrong_state")
    for step in ("nonsense", "Identify", "create", "show", "done", "%00x", "identify/x"):
        assert browser.step(step).status in (400, 404)
    browser.step("identify", GOOD)
    problem(browser.step("identify", GOOD), 409, "wrong_state")
    assert browser.step("back").json["state"] == "identify"
    browser.step("identify", GOOD)
    assert browser.step("password", password).json["state"] == "done"
    for step, body in (("password", password), ("identify", GOOD), ("back", {})):
        problem(browser.step(step, body), 409, "wrong_state")
    assert len(gateway.sql("SELECT id FROM session")) == 1
    assert browser.api("DELETE", f"/flows/{browser.flow}").status == 204
    problem(browser.api("GET", f"/flows/{browser.flow}"), 404, "flow_not_found")
    problem(browser.api("DELETE", f"/flows/{browser.flow}"), 404, "flow_not_found")
