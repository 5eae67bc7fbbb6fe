"""Redis or PostgreSQL away or frozen: what still works, what is refused, and that it heals by itself."""

import concurrent.futures
import os
import signal
import time

import pytest
from test_bad_input import problem

from support import until

KNOWN, OTHER = "880314493312", "920705493744"
COOKIE = "__Host-kabinet_session"
SHORT = pytest.mark.gateway(conf="kabinet_session stale=3s;")


def family(pid):
    """A process and its children."""
    found = [pid]
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    if int(file.read().rpartition(")")[2].split()[1]) == pid:
                        found.append(int(name))
            except OSError:
                pass
    return found


class Servers:
    def __init__(self, stack):
        self.stack = stack

    def freeze(self, name):
        for pid in family(self.stack.children[name].pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for child in self.stack.children.values():
            if child.poll() is None:
                for pid in family(child.pid):
                    os.kill(pid, signal.SIGCONT)

    def mend(self):
        self.thaw()
        if "redis" not in self.stack.children:
            self.stack.start_redis()
        if "postgres" not in self.stack.children:
            self.stack.start_postgres()


@pytest.fixture
def servers(gateway):
    """Whatever a test does to them, the next one finds them well."""
    servers = Servers(gateway.stack)
    try:
        yield servers
    finally:
        servers.mend()


def unavailable(answer):
    problem(answer, 503, "service_unavailable")
    assert 1 <= int(answer.header("retry-after")) <= 60


def signs_in(gateway):
    """Every thread has a connection of its own to get over it: soon, but not all at once."""

    def trial():
        try:
            return gateway.signed_in(OTHER)
        except AssertionError:
            return None

    return until(trial, 5)


def health(gateway):
    answer = gateway.browser().get("/health")
    body = answer.json
    assert answer.status == (200 if body["healthy"] else 503)
    assert body["healthy"] == (body["postgresql"] and body["redis"] and body["noeviction"])
    return body["postgresql"], body["redis"]


def timed(ask):
    began = time.monotonic()
    return ask(), time.monotonic() - began


def at_once(browser, count=16):
    """The statuses of many calls together, which takes a connection for each."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return set(pool.map(lambda _: browser.api("GET", "/session").status, range(count)))


# ---- Redis -------------------------------------------------------------------------------------


def test_without_redis(gateway, servers, steady):
    browser, leaving = gateway.signed_in(KNOWN), gateway.signed_in(KNOWN)
    old = {"Cookie": f"{COOKIE}={leaving.cookies[COOKIE]}"}
    begun = gateway.browser()
    begun.identify(OTHER)
    assert at_once(browser) == {200}
    gateway.stack.stop_redis()
    until(lambda: health(gateway) == (True, False))
    assert browser.get("/").status == 200
    assert at_once(browser) == {200}
    for answer in (gateway.browser().api("POST", "/flows", {"kind": "login"}),
                   begun.api("GET", f"/flows/{begun.flow}"), begun.step("back"),
                   begun.step("password", {"password": gateway.people[OTHER].password}),
                   browser.api("POST", "/password", {"current_password": gateway.people[KNOWN].password,
                                                     "password": "Sarybulaq-1-Tulpar!",
                                                     "password_repeat": "Sarybulaq-1-Tulpar!"})):
        unavailable(answer)
    assert browser.api("GET", "/sessions").status == 200
    assert browser.api("GET", "/meta").status == 200
    assert leaving.api("DELETE", "/session").status == 204
    assert leaving.get("/", headers=old).status == 401
    assert leaving.api("GET", "/session", headers=old).status == 401
    assert gateway.browser().get("/").status == 401
    gateway.stack.start_redis()
    until(lambda: health(gateway) == (True, True), 5)
    until(lambda: begun.api("GET", f"/flows/{begun.flow}").status == 200, 2)
    assert begun.step("password", {"password": gateway.people[OTHER].password}).status == 200
    assert at_once(browser) == {200}
    assert leaving.get("/", headers=old).status == 401


def test_an_end_is_heard_without_redis(gateway, servers, steady):
    """Someone else's end of a session: PostgreSQL tells of it, within 5 s (SECURITY 26)."""
    browser, other = gateway.signed_in(KNOWN), gateway.signed_in(OTHER)
    gateway.stack.stop_redis()
    assert browser.get("/").status == other.get("/").status == 200
    gateway.sql("WITH gone AS (UPDATE session SET ended_at = now() WHERE id ="
                " (SELECT id FROM session ORDER BY created_at LIMIT 1) RETURNING id)"
                " INSERT INTO session_end (session) SELECT id FROM gone")
    until(lambda: browser.get("/").status == 401, 5)
    assert other.get("/").status == 200


def test_a_miss_without_redis(gateway, servers):
    browser = gateway.signed_in(KNOWN)
    gateway.stack.stop_redis()
    gateway.stack.stop_nginx("term")
    gateway.stack.start_nginx()
    until(lambda: health(gateway) == (True, False))
    assert browser.get("/").status == 200
    assert gateway.metrics()["kabinet_guard_misses_lane_total"] == 1
    gateway.stack.start_redis()
    until(lambda: health(gateway) == (True, True), 5)


def test_redis_frozen(gateway, servers):
    """It accepts connections and never answers: worse than one that is away."""
    browser = gateway.signed_in(KNOWN)
    gateway.restart()
    servers.freeze("redis")
    answer, spent = timed(lambda: browser.get("/"))
    assert answer.status == 200 and spent < 5  # a miss: Redis is given up, PostgreSQL asked
    assert timed(lambda: browser.get("/"))[1] < 0.5
    until(lambda: health(gateway) == (True, False), 5)
    answer, spent = timed(lambda: gateway.browser().api("POST", "/flows", {"kind": "login"}))
    unavailable(answer)
    assert spent < 5
    assert browser.api("GET", "/session").status == 200
    servers.thaw()
    until(lambda: health(gateway) == (True, True), 5)
    until(lambda: gateway.browser().api("POST", "/flows", {"kind": "login"}).status == 201, 3)
    assert signs_in(gateway).get("/").status == 200


# ---- PostgreSQL --------------------------------------------------------------------------------


@SHORT
@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_without_postgresql(gateway, servers, steady, how):
    browser, leaving = gateway.signed_in(KNOWN), gateway.signed_in(KNOWN)
    begun = gateway.browser()
    begun.identify(OTHER)
    assert at_once(browser) == {200}
    if how == "stopped":
        gateway.stack.stop_postgres()
    else:
        servers.freeze("postgres")
    away = time.monotonic()
    # copies are believed for a while, and then never
    served, end = 0, away
    while (answer := browser.get("/")).status == 200:
        served, end = served + 1, time.monotonic()
        assert end - away < 5
        time.sleep(0.05)
    assert served > 5 and end - away > 1
    assert answer.status == 503 and answer.header("retry-after")
    assert {browser.get("/").status for _ in range(3)} == {503}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:  # a frozen one costs each its whole patience
        calls = [pool.submit(timed, ask) for ask in (
            lambda: browser.api("GET", "/session"), lambda: browser.api("PUT", "/locale", {"locale": "kk"}),
            lambda: begun.step("password", {"password": gateway.people[OTHER].password}),
            lambda: leaving.api("DELETE", "/session"))]
        for answer, spent in (call.result() for call in calls):
            if answer.code != "overloaded":  # nobody is kept waiting for longer
                unavailable(answer)
            assert answer.status == 503 and answer.header("retry-after")
            assert spent < 11
    assert COOKIE not in leaving.cookies  # signing out clears it all the same
    assert gateway.browser().get("/").status == 401
    assert gateway.browser().begin().status == 201  # Redis is enough for it
    until(lambda: health(gateway) == (False, True), 12)
    servers.mend()
    until(lambda: health(gateway) == (True, True), 10)
    until(lambda: browser.get("/").status == 200, 2)
    until(lambda: at_once(browser) == {200}, 3)
    answer = begun.step("password", {"password": gateway.people[OTHER].password})
    assert answer.status == 200, answer.body


@SHORT
def test_a_short_absence_is_not_noticed(gateway, servers, steady):
    browser = gateway.signed_in(KNOWN)
    statuses = set()
    gateway.stack.stop_postgres()
    end = time.monotonic() + 1
    while time.monotonic() < end:
        statuses.add(browser.get("/").status)
        time.sleep(0.02)
    gateway.stack.start_postgres()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        statuses.add(browser.get("/").status)
        time.sleep(0.02)
    assert statuses == {200}
    assert at_once(browser) == {200}


def test_starting_without_either(gateway, servers):
    browser = gateway.signed_in(KNOWN)
    gateway.stack.stop_redis()
    gateway.stack.stop_postgres()
    gateway.stack.stop_nginx("term")
    gateway.stack.start_nginx()
    assert health(gateway) == (False, False)
    assert browser.get("/").status == 503
    assert gateway.browser().get("/", headers={"Accept": "text/html"}).status == 302
    assert gateway.browser().get("/kabinet/login").status in (200, 404)
    unavailable(gateway.browser().api("POST", "/flows", {"kind": "login"}))
    servers.mend()
    until(lambda: health(gateway) == (True, True), 8)
    assert browser.get("/").status == 200


def test_a_redis_that_may_forget_is_not_healthy(gateway):
    gateway.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        until(lambda: gateway.browser().get("/health").json["noeviction"] is False, 5)
        assert gateway.browser().get("/health").status == 503
    finally:
        gateway.redis.config_set("maxmemory-policy", "noeviction")
    until(lambda: gateway.browser().get("/health").status == 200, 5)
