"""kabinet_protect on the real servers: who passes, what the portal hears, and other modules beside it."""

import http.client
import random
import threading
import time

import pytest
from portal import TO_PORTAL, listening

from support import SEED, until

KNOWN, OTHER = "880314493312", "920705493744"
COOKIE = "__Host-kabinet_session"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
SERVER = f"""
    location /on/ {{ kabinet_protect on; {TO_PORTAL} }}
    location /maybe/ {{ kabinet_protect optional; {TO_PORTAL} }}
    location /open/ {{ kabinet_protect off; {TO_PORTAL} }}
    location /all/ {{ kabinet_protect on; deny all; {TO_PORTAL} }}
    location /any/ {{ satisfy any; deny all; kabinet_protect on; {TO_PORTAL} }}
    location /near/ {{ satisfy any; allow 127.0.0.1; deny all; kabinet_protect on; {TO_PORTAL} }}
    location /loose/ {{ satisfy any; deny all; kabinet_protect optional; {TO_PORTAL} }}
    location /tried/ {{ kabinet_protect on; try_files /nothing /on/from-tried; }}
    location /named/ {{ kabinet_protect on; error_page 401 = @refused; error_page 403 = @denied;
        location /named/denied {{ deny all; }} {TO_PORTAL} }}
    location @refused {{ return 418 "refused:$kabinet_iin"; }}
    location @denied {{ return 419 "denied:$kabinet_iin"; }}
    location /asked/ {{ kabinet_protect on; auth_request /part; {TO_PORTAL} }}
    location /copied/ {{ kabinet_protect on; mirror /part; {TO_PORTAL} }}
    location /ssi/ {{ kabinet_protect on; ssi on; {TO_PORTAL} }}
    location = /part {{ internal; {TO_PORTAL} }}
    location /named-login/ {{ kabinet_protect on; kabinet_login_uri /enter; {TO_PORTAL} }}
"""
guarded = pytest.mark.gateway(server=SERVER)


@pytest.fixture(name="portal")
def fixture_portal():
    with listening() as seen:
        yield seen


# ---- who has no session ------------------------------------------------------------------------


@guarded
def test_pages_are_sent_to_sign_in_and_the_rest_is_refused(gateway, portal):
    browser = gateway.browser()
    for method in ("GET", "HEAD"):
        answer = browser.request(method, "/on/a?b=c&d=%20", headers=PAGE)
        assert answer.status == 302
        assert answer.header("location") == "/kabinet/login?return_to=%2Fon%2Fa%3Fb%3Dc%26d%3D%2520"
        assert answer.header("cache-control") == "no-store"
    assert browser.get("/named-login/", headers=PAGE).header("location").startswith("/enter?return_to=")
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert browser.get("/on/a", headers=headers).status == 401
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert browser.request(method, "/on/a", body=b"x=1", headers=PAGE).status == 401
    assert portal == []
    assert gateway.metrics()["kabinet_guard_refused_total"] == 11


@guarded
def test_no_cookie_is_better_than_two(gateway, portal, send_raw):
    good = gateway.signed_in(KNOWN).cookies[COOKIE]
    flow = gateway.browser()
    flow.begin()
    dice = random.Random(SEED)
    at = dice.randrange(len(good))
    flipped = good[:at] + dice.choice([c for c in "abcdefXYZ019" if c != good[at]]) + good[at + 1:]

    def status(*cookies):
        lines = "".join(f"Cookie: {line}\r\n" for line in cookies)
        request = f"GET /on/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n"
        return int(send_raw(request.encode("latin-1")).split(b" ", 2)[1])

    assert status(f"{COOKIE}={good}") == 200
    assert status(f"a=b;{COOKIE}={good};  c=d") == 200
    assert status("a=b", f"{COOKIE}={good}", "c=d") == 200
    bad = ["", "garbage", good[:-1], good + "A", f'"{good}"', good.swapcase(), flipped, "A" * 3000,
           "\xff" * 40, flow.cookies["__Host-kabinet_flow"], "." * len(good), "=" + good]
    for value in bad:
        assert status(f"{COOKIE}={value}") == 401, value
        assert status(f"{COOKIE}={value}; {COOKIE}={good}") == 401, value
        assert status(f"{COOKIE}={good}", f"{COOKIE}={value}") == 401, value
    assert status(f"{COOKIE}={good}; {COOKIE}={good}") == 401
    assert status(f"x=1, {COOKIE}={good}") == 401  # a comma parts no cookies
    assert status(f"{COOKIE.lower()}={good}") == 401
    assert status(*(f"a{i}=b" for i in range(16)), f"{COOKIE}={good}") == 401
    assert status(f"{COOKIE}={'A' * 20000}") == 400  # nginx's own limit
    assert {request.headers["Iin"] for request in portal} == {KNOWN}
    assert len(portal) == 3


# ---- what the portal hears ---------------------------------------------------------------------


@guarded
def test_the_portal_hears_who_it_is(gateway, portal):
    browser = gateway.signed_in(KNOWN)
    answer = browser.request("POST", "/on/form", body=b"a=1&b=2")
    assert answer.status == 200
    assert answer.body == b"portal:" + KNOWN.encode()
    assert browser.request("HEAD", "/on/form").status == 200
    assert browser.get("/maybe/").status == 200
    form, head, maybe = portal
    assert (form.method, form.body, head.method) == ("POST", b"a=1&b=2", "HEAD")
    account, session = gateway.sql("SELECT account::text, public_id::text FROM session")[0]
    for request in portal:
        assert request.headers["Account"] == account
        assert request.headers["Session"] == session
        assert request.headers["Methods"] == "pwd"
        assert abs(int(request.headers["Auth-Time"]) - time.time()) < 60
    assert maybe.headers["Iin"] == KNOWN
    gateway.browser().get("/maybe/")
    gateway.browser().get("/open/")
    browser.get("/open/")
    for request in portal[3:]:
        for name in ("Iin", "Account", "Session", "Auth-Time", "Methods"):
            assert request.headers[name] is None


@guarded
def test_identity_headers_from_outside_are_dropped(gateway, portal, send_raw):
    print(f"KAB_SEED={SEED}")
    dice = random.Random(SEED)
    cookie = gateway.signed_in(KNOWN).cookies[COOKIE]
    forged = ["X-Kabinet-IIN", "x-kabinet-account", "X-KABINET-SESSION", "X-Kabinet-", "X_Kabinet_IIN",
              "x-Kabinet-Auth-Time", "X-Kabinet-Anything-Else"]
    for _ in range(30):
        kept = [(f"X-Kept-{i}", str(i)) for i in range(dice.randrange(1, 25))]
        lines = kept + [(dice.choice(forged), OTHER) for _ in range(dice.randrange(1, 40))]
        order = sorted(lines, key=lambda _: dice.random())
        where = dice.choice(["/on/", "/open/", "/maybe/"])
        text = "".join(f"{name}: {value}\r\n" for name, value in order)
        send_raw((f"GET {where} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{text}"
                  f"Cookie: {COOKIE}={cookie}\r\n\r\n").encode())
        headers = portal[-1].headers
        assert portal[-1].path == where
        assert [(k, v) for k, v in headers.items() if k.startswith("X-Kept-")] == \
            [line for line in order if line[0].startswith("X-Kept-")]
        assert not [k for k in headers if k.lower().replace("_", "-").startswith("x-kabinet")]
        assert headers["Iin"] == (None if where == "/open/" else KNOWN)
        assert OTHER not in str(headers)
    assert len(portal) == 30


# ---- beside other modules ----------------------------------------------------------------------


@guarded
def test_satisfy(gateway, portal):
    stranger, known = gateway.browser(), gateway.signed_in(KNOWN)

    def statuses(path):
        return stranger.get(path).status, stranger.get(path, headers=PAGE).status, known.get(path).status

    assert statuses("/all/") == (401, 302, 403)
    assert statuses("/any/") == (401, 401, 200)  # a 302 would end it before others are asked
    assert statuses("/near/") == (200, 200, 200)
    assert statuses("/loose/") == (403, 403, 403)  # optional lets nobody in
    assert portal[-1].headers["Iin"] == KNOWN


@guarded
def test_other_ways_through_nginx(gateway, portal):
    stranger, known = gateway.browser(), gateway.signed_in(KNOWN)
    gateway.restart()  # so that the first look has to wait
    assert known.get("/tried/x").body == b"portal:" + KNOWN.encode()
    assert portal.pop().path == "/on/from-tried"
    assert stranger.get("/tried/x").status == 401
    refused, denied = stranger.get("/named/a"), known.get("/named/denied")
    assert (refused.status, refused.body) == (418, b"refused:")
    assert (denied.status, denied.body) == (419, b"denied:" + KNOWN.encode())
    assert known.get("/named/a").status == 200
    portal.clear()
    for path in ("/asked/", "/copied/", "/ssi/"):
        assert stranger.get(path).status == 401
        assert portal == []  # not even a subrequest
        answer = known.get(path)
        assert answer.status == 200
        until(lambda: len(portal) == 2)
        assert {request.path for request in portal} == {path, "/part"}
        assert {request.headers["Iin"] for request in portal} == {KNOWN}
        portal.clear()
    assert answer.body == b"portal:%s[portal:%s]" % (KNOWN.encode(), KNOWN.encode())


# ---- many at a time ----------------------------------------------------------------------------


class Asking(threading.Thread):
    """Over one connection, as one session after the other; each must be told who it is."""

    def __init__(self, port, sessions, seed):
        super().__init__()
        self.port, self.sessions, self.dice = port, sessions, random.Random(seed)
        self.over, self.asked, self.wrong = threading.Event(), 0, []
        self.start()

    def run(self):
        plug = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.over.is_set():
            cookie, iin, session = self.dice.choice(self.sessions)
            plug.request("GET", "/who", headers={"Cookie": f"{COOKIE}={cookie}"})
            answer = plug.getresponse()
            answer.read()
            told = (answer.status, answer.getheader("iin"), answer.getheader("session"))
            if told != (200, iin, session):
                self.wrong.append((told, (iin, session)))
            self.asked += 1
        plug.close()


@pytest.mark.gateway(workers=2, server="""location = /who { kabinet_protect on; empty_gif;
    add_header IIN $kabinet_iin; add_header Session $kabinet_session; }""", conf="""
    kabinet_session max=100; kabinet_throttle login free=20;""")
def test_sessions_are_told_apart_while_others_come_and_go(gateway):
    """Whoever reads shared memory without its lock must not hear half of a change."""
    sessions = []
    for iin in [KNOWN, OTHER] * 4:
        browser = gateway.signed_in(iin)
        sessions.append((browser.cookies[COOKIE], iin, browser.get("/who").header("session")))
    asking = [Asking(gateway.port, sessions, SEED + i) for i in range(3)]
    for i in range(30):
        browser = gateway.signed_in((KNOWN, OTHER)[i % 2])
        assert browser.get("/who").status == 200
        old = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
        assert browser.api("DELETE", "/session").status == 204
        for _ in range(5):
            assert gateway.browser().get("/who", headers=old).status == 401
    for one in asking:
        one.over.set()
        one.join()
    assert [one.wrong for one in asking] == [[], [], []]
    assert all(one.asked > 100 for one in asking)
