"""Work that is under way while the world changes: clients go, nginx reloads, quits, is overrun.

A lock on a table of PostgreSQL, held by the test, keeps a job of the db lane where it is; a slow
hash does the same in the hash lane. Every test ends with a quit that must be clean: no signal, no
alert, no socket left behind, within the five seconds that Debian's unit gives.
"""

import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from inflight import (
    PAGE,
    WRONG,
    Http2,
    Plug,
    held,
    password_step,
    request,
    step_path,
    strangers,
)

from support import until

KNOWN, OTHER = "880314493312", "920705493744"
SLOW = "kabinet_threads hash=1; kabinet_password_hash argon2id m=19456 t=%d p=1 grid=250ms;"


def signed_in_rows(gateway):
    return [gateway.sql(f"SELECT count(*) FROM {table}")[0][0]
            for table in ("session", "flow_commit", "event", "audit")]


def passes(gateway, browser):
    return browser.get("/", headers=PAGE).status == 200


# ---- the client goes -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_sign_in_is_finished_though_its_client_went(gateway, watch, how):
    workers = gateway.workers()
    browser, data = password_step(gateway, KNOWN)
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(data)
        lock.until_waiting()
        getattr(plug, how)()
        until(lambda: watch.statuses(step_path(browser, "password")) == [499])
        assert lock.waiting() == 1  # the job goes on by itself
        lock.release()
        until(lambda: signed_in_rows(gateway)[:3] == [1, 1, 1])
    assert passes(gateway, gateway.signed_in(OTHER))
    assert gateway.workers() == workers


def test_a_sign_in_that_cannot_be_finished_leaves_nothing(gateway, watch):
    _, data = password_step(gateway, KNOWN)
    before = signed_in_rows(gateway)
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(data)
        lock.until_waiting()
        plug.reset()
        until(lambda: lock.waiting() == 0)  # its own lock_timeout
    assert signed_in_rows(gateway) == before
    assert passes(gateway, gateway.signed_in(KNOWN))


@pytest.mark.gateway(conf=SLOW % 16)
def test_clients_go_while_they_wait_for_a_hash(gateway, watch):
    workers = gateway.workers()
    plugs = []
    for iin in strangers(4):
        plugs.append(Plug(gateway.port).send(password_step(gateway, iin, WRONG["password"])[1]))
    browser, data = password_step(gateway, KNOWN)
    calls = gateway.metrics()["kabinet_calls_total"]
    plugs.append(Plug(gateway.port).send(data))
    until(lambda: gateway.metrics()["kabinet_calls_total"] == calls + 1)
    for plug in plugs:
        plug.reset()
    until(lambda: watch.statuses(step_path(browser, "password")) == [499])
    until(lambda: signed_in_rows(gateway)[:3] == [1, 1, 5])
    assert gateway.workers() == workers


@pytest.mark.parametrize("how", ["reset_stream", "goaway", "close"])
def test_http2_clients_go(gateway, watch, port2, how):
    workers = gateway.workers()
    browser, _ = password_step(gateway, KNOWN)
    path = step_path(browser, "password")
    body = b'{"password":"%s"}' % gateway.people[KNOWN].password.encode()
    with held(gateway, "session") as lock:
        client = Http2(port2)
        number = client.send(browser, "POST", path, body)
        lock.until_waiting()
        if how == "reset_stream":
            client.h2.reset_stream(number)
            client.flush()
            until(lambda: watch.statuses(path) == [499])
            assert client.wait(client.send(browser, "GET", "/")) == 302  # others go on
        else:
            if how == "goaway":
                client.h2.close_connection()
                client.flush()
            client.plug.close()
            until(lambda: watch.statuses(path) == [499])
        assert lock.waiting() == 1
        lock.release()
        until(lambda: signed_in_rows(gateway)[0] == 1)
    assert passes(gateway, gateway.signed_in(OTHER))
    assert gateway.workers() == workers


# ---- nginx goes ----------------------------------------------------------------------------------


def test_a_reload_lets_the_old_worker_answer(gateway, watch):
    browser, data = password_step(gateway, KNOWN)
    old = gateway.workers()
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(data)
        lock.until_waiting()
        gateway.stack.reload_nginx()
        until(lambda: "gracefully shutting down" in watch.log())
        assert set(old) < set(gateway.workers())
        lock.release()
        answer = plug.answer()
    assert answer.status == 200
    until(lambda: not set(old) & set(gateway.workers()))
    cookie = answer.headers.get_all("set-cookie")[0].split(";")[0]
    browser.cookies.update([cookie.split("=", 1)])
    assert passes(gateway, browser)


@pytest.mark.parametrize("released", [True, False])
def test_quit_waits_for_the_answer_but_not_for_ever(gateway, watch, released):
    _, data = password_step(gateway, KNOWN)
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(data)
        lock.until_waiting()
        began = time.monotonic()
        watch.master.send_signal(signal.SIGQUIT)
        until(lambda: "gracefully shutting down" in watch.log())
        if released:
            lock.release()
        assert plug.answer().status == (200 if released else 503)
        assert watch.master.wait(5) == 0
        assert time.monotonic() - began < 5
    assert signed_in_rows(gateway)[0] == (1 if released else 0)


def test_quit_does_not_wait_for_a_client_that_has_its_answer(gateway, watch):
    """It neither reads nor hangs up, as if it had gone to sleep; nginx itself would linger for 5 s."""
    browser, data = password_step(gateway, KNOWN)
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(data)
        lock.until_waiting()
        watch.master.send_signal(signal.SIGQUIT)
        until(lambda: "gracefully shutting down" in watch.log())
        lock.release()
        until(lambda: watch.statuses(step_path(browser, "password")) == [200], 4, "the request does not end")
        assert watch.master.wait(5) == 0
    assert plug.answer().status == 200


def test_quit_waits_for_the_line_of_the_grid(gateway, watch):
    _, data = password_step(gateway, KNOWN, WRONG["password"])
    plug = Plug(gateway.port).send(data)
    until(lambda: signed_in_rows(gateway)[2] == 1)  # all is done but the wait
    watch.master.send_signal(signal.SIGQUIT)
    assert plug.answer().status == 401
    assert watch.master.wait(5) == 0


@pytest.mark.gateway(server="location = /dot { kabinet_protect on; empty_gif; }")
def test_quit_waits_for_the_guard(gateway, watch):
    browser = gateway.signed_in(KNOWN)
    gateway.redis.flushall()
    gateway.stack.stop_nginx("term")
    gateway.stack.start_nginx()
    watch.master = gateway.stack.children["nginx"]
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(request(browser, "GET", "/dot", **PAGE))
        lock.until_waiting()
        watch.master.send_signal(signal.SIGQUIT)
        until(lambda: "gracefully shutting down" in watch.log())
        lock.release()
        assert plug.answer("GET").status == 200
        assert watch.master.wait(5) == 0


def test_a_worker_in_a_hurry_drops_the_client_and_keeps_the_work(gateway, watch):
    watch.rewrite("worker_shutdown_timeout 10s", "worker_shutdown_timeout 300ms")
    hurried = gateway.workers()
    _, data = password_step(gateway, KNOWN)
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(data)
        lock.until_waiting()
        watch.master.send_signal(signal.SIGHUP)
        assert plug.rest() == b""
        assert os.path.exists(f"/proc/{hurried[0]}")  # its thread is not torn away
        lock.release()
        until(lambda: not set(hurried) & set(gateway.workers()), 5)
    assert signed_in_rows(gateway)[:3] == [1, 1, 1]
    assert passes(gateway, gateway.signed_in(KNOWN))


# ---- too much at once ----------------------------------------------------------------------------


def niceness(worker):
    """{thread: nice}"""
    return {thread: os.getpriority(os.PRIO_PROCESS, thread) for thread in map(int, os.listdir(f"/proc/{worker}/task"))}


@pytest.mark.gateway(conf="kabinet_threads db=3 hash=2;")
def test_hashes_yield_to_the_loop_and_nothing_else_does(gateway):
    worker = gateway.workers()[0]
    for _ in range(4):
        gateway.signed_in(KNOWN)
    nice = niceness(worker)
    assert nice.pop(worker) == 0
    assert sorted(set(nice.values())) == [0, 15]
    assert 1 <= list(nice.values()).count(15) <= 2


def letting_go(thread):
    """Milliseconds of processor time, and how often it had to let go of the core."""
    with open(f"/proc/{thread}/schedstat", encoding="ascii") as file:
        spent = int(file.read().split()[0]) / 1e6
    with open(f"/proc/{thread}/status", encoding="ascii") as file:
        return spent, int(re.search(r"^nonvoluntary_ctxt_switches:\s*(\d+)", file.read(), re.M)[1])


@pytest.mark.gateway(conf="kabinet_threads hash=2;")
def test_a_hash_lets_go_every_half_a_millisecond(gateway):
    """To another one on the same core; the system itself looks every 4 ms or so."""
    worker, core = gateway.workers()[0], min(os.sched_getaffinity(0))

    def at_once():
        with ThreadPoolExecutor() as both:
            list(both.map(gateway.signed_in, (KNOWN, OTHER)))

    def hashing():
        return [thread for thread, nice in niceness(worker).items() if nice == 15]

    until(lambda: at_once() or len(hashing()) == 2)
    for thread in hashing():
        os.sched_setaffinity(thread, {core})
    before = [letting_go(thread) for thread in hashing()]
    for _ in range(4):
        at_once()
    spent, switches = (sum(now[i] - then[i] for then, now in zip(before, map(letting_go, hashing()))) for i in (0, 1))
    assert spent > 50
    assert switches > spent


@pytest.mark.gateway(conf=SLOW % 4)
def test_a_full_queue_turns_sign_ins_away_and_nothing_else(gateway, watch):
    owner = gateway.signed_in(KNOWN)
    steps = [password_step(gateway, iin, WRONG["password"])[1] for iin in strangers(80)]
    plugs = [Plug(gateway.port) for _ in steps]
    for plug, data in zip(plugs, steps):
        plug.send(data)
    slowest = 0
    until(lambda: gateway.metrics()["kabinet_shed_total"] > 0)
    for _ in range(20):
        began = time.monotonic()
        assert passes(gateway, owner)
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.5
    answers = [plug.answer() for plug in plugs]
    shed = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {401, 503}
    assert len(shed) == gateway.metrics()["kabinet_shed_total"]
    assert 80 - 64 - 10 <= len(shed) <= 80 - 64
    for answer in shed:
        assert b'"code":"overloaded"' in answer.body
        assert int(answer.getheader("retry-after")) >= 1
    assert gateway.browser().sign_in(OTHER, gateway.people[OTHER].password).status == 200


@pytest.mark.gateway(conf="kabinet_threads db=2 hash=1;")
def test_nobody_waits_longer_than_the_deadline(gateway, watch):
    owner = gateway.signed_in(KNOWN)
    steps = [password_step(gateway, iin, WRONG["password"])[1] for iin in strangers(12)]
    before = signed_in_rows(gateway)
    with held(gateway, "account") as lock:
        began = time.monotonic()
        plugs = [Plug(gateway.port).send(data) for data in steps]
        lock.until_waiting(2)
        assert passes(gateway, owner)
        answers = [plug.answer() for plug in plugs]
        assert 9.5 < time.monotonic() - began < 11.5
    assert [answer.status for answer in answers] == [503] * 12
    codes = [json.loads(answer.body)["code"] for answer in answers]
    assert set(codes) == {"service_unavailable", "overloaded"}
    assert all(int(answer.getheader("retry-after")) >= 1 for answer in answers)
    until(lambda: gateway.browser().sign_in(OTHER, gateway.people[OTHER].password).status == 200)
    assert signed_in_rows(gateway)[3] == before[3] + 1  # what was too late was not done after all
