"""Where the guard finds sessions, what a miss costs, and how fast an end is heard."""

import base64
import http.client
import os
import random
import signal
import socket
import subprocess

import pytest
from people import iins
from portal import TO_PORTAL, listening

from support import BUILD, SEED, until

KNOWN, OTHER = "880314493312", "920705493744"
COOKIE = "__Host-kabinet_session"
SERVER = f"location /on/ {{ kabinet_protect on; {TO_PORTAL} }}"
guarded = pytest.mark.gateway(server=SERVER)


@pytest.fixture(name="portal")
def fixture_portal():
    with listening() as seen:
        yield seen


def guard_work(gateway):
    found = gateway.metrics()
    return tuple(found[f"kabinet_guard_{name}_total"] for name in ("hits", "misses", "misses_lane"))


# ---- ends --------------------------------------------------------------------------------------


@pytest.mark.gateway(server=SERVER, workers=2)
def test_an_ended_session_is_refused_at_once(gateway, portal):
    browser = gateway.signed_in(KNOWN)
    headers = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    assert [browser.get("/on/").status for _ in range(8)] == [200] * 8
    assert browser.api("DELETE", "/session").status == 204
    assert [gateway.browser().get("/on/", headers=headers).status for _ in range(8)] == [401] * 8


@pytest.mark.gateway(server=SERVER, workers=2)
def test_a_blocked_account_is_put_out(gateway, portal, ctl):
    first, second, other = gateway.signed_in(KNOWN), gateway.signed_in(KNOWN), gateway.signed_in(OTHER)
    assert {b.get("/on/").status for b in (first, second, other)} == {200}
    assert ctl("account", "block", KNOWN).returncode == 0
    until(lambda: {b.get("/on/").status for b in (first, second)} == {401}, 1.5)
    assert other.get("/on/").status == 200
    assert ctl("account", "unblock", KNOWN).returncode == 0
    assert first.get("/on/").status == 401  # what has ended stays so


# ---- where sessions are found ------------------------------------------------------------------


@guarded
def test_shared_memory_survives_a_reload(gateway, portal):
    browser = gateway.signed_in(KNOWN)
    gone = gateway.signed_in(OTHER)
    cookie = {"Cookie": f"{COOKIE}={gone.cookies[COOKIE]}"}
    gone.api("DELETE", "/session")
    gateway.redis.flushall()
    gateway.stack.reload_nginx()
    until(lambda: browser.get("/health").status == 200)
    assert browser.get("/on/").status == 200
    assert guard_work(gateway) == (1, 0, 0)
    assert gateway.browser().get("/on/", headers=cookie).status == 401
    assert guard_work(gateway) == (1, 0, 0)  # the tombstone too


@pytest.fixture(name="token_key")
def fixture_token_key(gateway):
    """Puts these lines in the place of the token keys', and takes nginx through a reload."""
    path, stack = gateway.stack.keyring, gateway.stack
    with open(path, encoding="ascii") as file:
        before = file.read()

    def put(*lines):
        kept = [line for line in before.splitlines() if not line.startswith("token ")]
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join([*kept, *lines]) + "\n")
        old = stack.nginx_pids()
        stack.reload_nginx()
        until(lambda: not set(old[1:]) & set(stack.nginx_pids()))

    yield put
    with open(path, "w", encoding="ascii") as file:
        file.write(before)


def random_key(dice):
    return base64.urlsafe_b64encode(dice.randbytes(32)).decode().rstrip("=")


@guarded
def test_a_remembered_proof_is_of_one_cookie_and_its_key(gateway, portal, token_key):
    """Shared memory spares the MAC of a cookie that was proven; nothing passes that would not with it."""
    dice = random.Random(SEED)
    good = gateway.signed_in(KNOWN).cookies[COOKIE]

    def status(cookie):
        return gateway.browser().get("/on/", headers={"Cookie": f"{COOKIE}={cookie}"}).status

    assert status(good[:-1] + ("A" if good[-1] != "A" else "B")) == 401  # before the first proof
    assert [status(good) for _ in range(3)] == [200] * 3
    raw = base64.urlsafe_b64decode(good)
    for at in (0, 1, *range(34, 48)):
        wrong = bytearray(raw)
        wrong[at] ^= 1 << dice.randrange(8)
        assert status(base64.urlsafe_b64encode(wrong).decode()) == 401, at
    assert status(good) == 200
    assert guard_work(gateway) == (4, 0, 0)
    token_key(f"token 1 {random_key(dice)}")
    assert status(good) == 401  # the same id, another key
    token_key(f"token 2 {random_key(dice)}")
    assert status(good) == 401
    assert guard_work(gateway) == (4, 0, 0)  # nobody was asked: the copy is still there


@guarded
def test_a_new_key_beside_the_old_signs_nobody_out(gateway, portal, token_key):
    browser = gateway.signed_in(KNOWN)
    assert browser.get("/on/").status == 200
    with open(gateway.stack.keyring, encoding="ascii") as file:
        old, = (line for line in file.read().splitlines() if line.startswith("token "))
    token_key(old, f"token 2 {random_key(random.Random(SEED))}")
    assert browser.get("/on/").status == 200
    assert guard_work(gateway) == (2, 0, 0)


@pytest.mark.gateway(server="location /on/ { kabinet_protect on; empty_gif; }",
                     conf="kabinet_zone kabinet 1m;\n")
def test_full_shared_memory_lets_the_oldest_go(gateway, ctl):
    """Sessions that nobody ended are found again, and an end is not forgotten with them."""
    people = list(iins(random.Random(SEED), 100))
    assert ctl("import", "accounts", "-", input="\n".join(["iin", *people])).returncode == 0
    many = subprocess.run([os.path.join(BUILD, "bench-sessions"), gateway.stack.conf_path, "95", *people],
                          stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    capacity = gateway.metrics()["kabinet_sessions_capacity"]
    assert 7900 < capacity < len(many) - 200
    browser = gateway.signed_in(OTHER)
    ended = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    assert browser.api("DELETE", "/session").status == 204
    # ends of the last 5 s are read again each second: this one would take a place twice
    gateway.sql("UPDATE session_end SET at = at - interval '1 minute'")
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    for cookie in many + many[:200]:
        connection.request("HEAD", "/on/", headers={"Cookie": f"{COOKIE}={cookie}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()
    found = gateway.metrics()
    assert found["kabinet_sessions_cached"] == capacity
    assert found["kabinet_sessions_evicted_total"] == len(many) + 200 + 1 - capacity  # the ended one too
    assert guard_work(gateway) == (0, len(many) + 200, 0)
    assert gateway.browser().get("/on/", headers=ended).status == 401


@guarded
def test_a_miss_is_found_in_redis_then_in_postgresql(gateway, portal):
    browser = gateway.signed_in(KNOWN)
    gateway.restart()
    assert browser.request("POST", "/on/", body=b"x" * 5000).status == 200
    assert portal[-1].body == b"x" * 5000  # a body waits with its request
    assert browser.get("/on/").status == 200
    assert guard_work(gateway) == (1, 1, 0)
    gateway.restart()
    gateway.redis.flushall()
    assert [browser.get("/on/").status for _ in range(2)] == [200, 200]
    assert guard_work(gateway) == (1, 1, 1)
    gateway.restart()
    assert browser.get("/on/").status == 200
    assert guard_work(gateway) == (0, 1, 0)  # PostgreSQL's answer left a copy
    gateway.sql("UPDATE session SET ended_at = now()")
    gateway.redis.flushall()
    gateway.restart()
    assert browser.get("/on/").status == 401


@guarded
def test_copies_in_redis_cannot_be_forged(gateway, portal):
    browser, other = gateway.signed_in(KNOWN), gateway.signed_in(OTHER)
    store = gateway.redis
    keys = sorted(store.keys("kabinet:*:s"))
    assert len(keys) == 2
    values = [store.get(key) for key in keys]
    for forged in (values[::-1], [b"", b"-"], [b"\0" * 80, values[1][:-1]]):
        for key, value in zip(keys, forged):
            store.set(key, value)
        gateway.restart()
        assert browser.get("/on/").body == b"portal:" + KNOWN.encode()
        assert other.get("/on/").body == b"portal:" + OTHER.encode()
        assert guard_work(gateway) == (0, 2, 2)


@guarded
@pytest.mark.parametrize("lost", [False, True], ids=["from redis", "from postgresql"])
def test_many_misses_ask_once(gateway, portal, lost):
    """All requests lie ready before the worker looks, so all of them miss in one turn of the loop."""
    browser = gateway.signed_in(KNOWN)
    gateway.restart()
    if lost:
        gateway.redis.flushall()
    gateway.redis.config_resetstat()
    plugs = [socket.create_connection(("127.0.0.1", gateway.port), timeout=10) for _ in range(40)]
    for plug in plugs:  # each is accepted
        plug.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert plug.recv(4096).startswith(b"HTTP/1.1 200")
    worker, = gateway.workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        for plug in plugs:
            plug.sendall(f"GET /on/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                         f"Cookie: {COOKIE}={browser.cookies[COOKIE]}\r\n\r\n".encode())
    finally:
        os.kill(worker, signal.SIGCONT)
    for plug in plugs:
        assert plug.recv(4096).startswith(b"HTTP/1.1 200")
        plug.close()
    assert gateway.redis.info("commandstats")["cmdstat_mget"]["calls"] == 1
    assert guard_work(gateway) == (0, 40, int(lost))
