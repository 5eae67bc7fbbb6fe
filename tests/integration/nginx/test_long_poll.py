"""Long polls on the real servers: what wakes them, what ends them, and how little they hold.

A poll that has parked is seen in the metrics; only then does the test do what should wake it.
"""

import contextlib
import json
import os
import resource
import signal
import time

import hpack
import pytest
from hyperframe.frame import Frame, HeadersFrame

from inflight import PAGE, Http2, Parked, Plug, parked, request

from support import until

KNOWN, OTHER = "880314493312", "920705493744"
CONSENTS = {"terms": True, "notifications": True}
SOON = 0.5  # far less than any wait here


def poll_path(browser, wait=20, version=1):
    return f"/kabinet/api/v1/flows/{browser.flow}?wait={wait}&version={version}"


class Poll(Parked):
    """Of a flow."""

    def __init__(self, gateway, browser, wait=20, version=1, port=None):
        super().__init__(gateway, request(browser, "GET", poll_path(browser, wait, version)), port)


def beginner(gateway):
    browser = gateway.browser()
    assert browser.begin().json["version"] == 1
    return browser


def identify(browser):
    answer = browser.step("identify", {"iin": KNOWN, "consents": CONSENTS})
    assert answer.json["version"] == 2
    return time.monotonic()


# ---- what is waited for --------------------------------------------------------------------------


def test_a_step_wakes_it(gateway, watch):
    browser = beginner(gateway)
    poll = Poll(gateway, browser)
    poll.silent()
    stepped = identify(browser)
    flow, _ = poll.answer()
    assert time.monotonic() - stepped < 0.1
    assert (flow["version"], flow["state"]) == (2, "password")
    assert "kabinet_session" not in str(flow)


def test_another_version_is_answered_at_once(gateway, watch):
    browser = beginner(gateway)
    before = parked(gateway)
    for query in ("", "?wait=25&version=2", "?wait=25&version=7", "?lang=ru"):
        began = time.monotonic()
        answer = browser.api("GET", f"/flows/{browser.flow}{query}")
        assert (answer.status, answer.json["version"]) == (200, 1)
        assert time.monotonic() - began < SOON
    assert parked(gateway) == before


@pytest.mark.parametrize("query", ["wait=25", "version=1", "wait=0&version=1", "wait=26&version=1",
                                   "wait=x&version=1", "wait=1&version=", "wait=1&wait=1&version=1",
                                   "wait=1&version=-1", "wait=1&version=99999999999999999999"])
def test_bad_numbers(gateway, query):
    browser = beginner(gateway)
    answer = browser.api("GET", f"/flows/{browser.flow}?{query}")
    assert (answer.status, answer.code) == (400, "bad_request")


def test_a_body_is_refused(gateway):
    browser = beginner(gateway)
    for query, status in (("", 200), ("?wait=1&version=1", 400)):
        assert browser.api("GET", f"/flows/{browser.flow}{query}", b"{}").status == status


def test_nothing_happens(gateway, watch):
    browser = beginner(gateway)
    flow, took = Poll(gateway, browser, wait=1).answer()
    assert flow["version"] == 1
    assert 0.95 < took < 1.5


def test_a_flow_that_goes_wakes_it(gateway, watch):
    browser = beginner(gateway)
    poll = Poll(gateway, browser)
    assert browser.api("DELETE", f"/flows/{browser.flow}").status == 204
    problem, took = poll.answer(404)
    assert problem["code"] == "flow_not_found"
    assert took < SOON


def test_strangers_wait_for_nothing(gateway, watch):
    browser, stranger = beginner(gateway), beginner(gateway)
    poll = Poll(gateway, browser)
    stranger.flow = browser.flow
    began = time.monotonic()
    assert stranger.get(poll_path(stranger)).status == 404
    assert gateway.browser().get(poll_path(browser)).status == 404
    assert time.monotonic() - began < SOON
    poll.silent()
    identify(browser)
    assert poll.answer()[0]["version"] == 2


def test_all_tabs_are_woken_and_no_others(gateway, watch):
    browser, other = beginner(gateway), beginner(gateway)
    polls = [Poll(gateway, browser) for _ in range(5)]
    quiet = Poll(gateway, other)
    identify(browser)
    assert [poll.answer()[0]["version"] for poll in polls] == [2] * 5
    quiet.silent()
    identify(other)
    assert quiet.answer()[0]["version"] == 2


def test_a_false_wake_is_no_answer(gateway, watch):
    browser = beginner(gateway)
    poll = Poll(gateway, browser, wait=2)
    for message in (browser.flow, browser.flow[:-1], "", browser.flow * 2, "x" * 100000, b"\0" * 22):
        assert gateway.redis.publish("kabinet:wake", message) == 1
    poll.silent()
    flow, took = poll.answer()
    assert flow["version"] == 1
    assert 1.9 < took < 2.5  # the wait does not begin anew


def test_connections_are_kept(gateway, watch):
    browser = beginner(gateway)
    poll = Poll(gateway, browser, wait=1)
    poll.answer()
    poll.plug.send(request(browser, "GET", poll_path(browser, 1, 7)))
    assert poll.answer()[0]["version"] == 1


def test_no_wake_is_lost_between_the_look_and_the_parking(gateway, watch):
    """Polls and steps of the same flow leave together, many times over."""
    browser = gateway.browser()
    for _ in range(100):
        browser.begin()
        plug = Plug(gateway.port).send(request(browser, "GET", poll_path(browser)))
        stepped = identify(browser)
        assert json.loads(plug.answer("GET").body)["version"] == 2
        assert time.monotonic() - stepped < SOON
        plug.close()


@pytest.mark.gateway(workers=2)
def test_every_worker_hears(gateway, spread_port):
    """Polls at both workers; the step is taken at one."""
    browser = beginner(gateway)
    before = [len(os.listdir(f"/proc/{pid}/fd")) for pid in gateway.workers()]
    polls = [Poll(gateway, browser, port=spread_port) for _ in range(32)]
    after = [len(os.listdir(f"/proc/{pid}/fd")) for pid in gateway.workers()]
    assert all(then > now for now, then in zip(before, after)), (before, after)
    stepped = identify(browser)
    assert [poll.answer()[0]["version"] for poll in polls] == [2] * 32
    assert time.monotonic() - stepped < SOON


# ---- the client goes -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_goes_is_forgotten(gateway, watch, how):
    browser = beginner(gateway)
    poll, stays = Poll(gateway, browser), Poll(gateway, browser)
    getattr(poll.plug, how)()
    until(lambda: watch.statuses(poll_path(browser)) == [499])
    identify(browser)
    assert stays.answer()[0]["version"] == 2
    until(lambda: watch.statuses(poll_path(browser)) == [499, 200])


def test_a_client_goes_while_its_flow_is_read(gateway, watch):
    """The poll is woken, its look is under way, and nobody is there for the answer."""
    for _ in range(30):
        browser = beginner(gateway)
        polls = [Poll(gateway, browser) for _ in range(4)]
        polls[0].plug.reset()
        identify(browser)
        polls[1].plug.reset()
        polls[2].plug.reset()
        assert polls[3].answer()[0]["version"] == 2


class Polls2(Http2):
    """Several polls on one connection, parked when they were begun."""

    def begin(self, gateway, browser):
        before = parked(gateway)
        number = self.send(browser, "GET", poll_path(browser))
        until(lambda: parked(gateway) > before)
        return number


def test_http2(gateway, watch, port2):
    browser, other = beginner(gateway), beginner(gateway)
    client = Polls2(port2)
    first, second, third = (client.begin(gateway, who) for who in (browser, browser, other))
    client.h2.reset_stream(second)
    client.flush()
    until(lambda: watch.statuses(poll_path(browser)) == [499])
    stepped = identify(browser)
    assert client.wait(first) == 200
    assert time.monotonic() - stepped < SOON
    assert third not in client.ended
    client.plug.close()
    until(lambda: watch.statuses(poll_path(other)) == [499])


@pytest.mark.parametrize("end", ["reload", "quit"])
def test_http2_is_answered_when_the_worker_goes(gateway, watch, port2, end):
    browser = beginner(gateway)
    client = Polls2(port2)
    polls = [client.begin(gateway, browser) for _ in range(3)]
    began = time.monotonic()
    watch.master.send_signal(signal.SIGHUP if end == "reload" else signal.SIGQUIT)
    got = client.plug.rest()  # a GOAWAY first, after which the client's library reads no more
    assert time.monotonic() - began < 2
    statuses, decoder = {}, hpack.Decoder()
    while got:
        frame, length = Frame.parse_frame_header(memoryview(got[:9]))
        if isinstance(frame, HeadersFrame):
            frame.parse_body(memoryview(got[9:9 + length]))
            statuses[frame.stream_id] = dict(decoder.decode(frame.data))[":status"]
        got = got[9 + length:]
    assert statuses == dict.fromkeys(polls, "200")


# ---- nginx goes, Redis goes ----------------------------------------------------------------------


@pytest.mark.gateway(workers=2)
@pytest.mark.parametrize("end", ["reload", "quit"])
def test_nobody_waits_for_a_worker_that_goes(gateway, watch, end):
    browser = beginner(gateway)
    old = gateway.workers()
    polls = [Poll(gateway, browser) for _ in range(40)]
    began = time.monotonic()
    watch.master.send_signal(signal.SIGHUP if end == "reload" else signal.SIGQUIT)
    assert [poll.answer()[0]["version"] for poll in polls] == [1] * 40
    if end == "quit":
        assert watch.master.wait(5) == 0
    else:
        until(lambda: not set(old) & set(gateway.workers()))
        Poll(gateway, browser).plug.close()  # the new ones park
    assert time.monotonic() - began < 2


def test_redis_restarts_under_a_poll(gateway, watch):
    browser = beginner(gateway)
    poll = Poll(gateway, browser)
    before = parked(gateway)
    gateway.stack.stop_redis()
    gateway.stack.start_redis()
    until(lambda: parked(gateway) > before)  # the channel is back: it has looked, and parked again
    poll.silent()
    stepped = identify(browser)
    assert poll.answer()[0]["version"] == 2
    assert time.monotonic() - stepped < SOON


def test_what_was_not_heard_is_looked_for(gateway, watch):
    browser = beginner(gateway)
    poll = Poll(gateway, browser)
    gateway.redis.client_kill_filter(_type="pubsub")
    stepped = identify(browser)
    assert poll.answer()[0]["version"] == 2
    assert time.monotonic() - stepped < 2


def test_without_redis_the_wait_ends_all_the_same(gateway, watch):
    browser = beginner(gateway)
    poll = Poll(gateway, browser, wait=2)
    gateway.stack.stop_redis()
    try:
        problem, took = poll.answer(503)
        assert problem["code"] == "service_unavailable"
        assert 1.9 < took < 5
    finally:
        gateway.stack.start_redis()


# ---- many ----------------------------------------------------------------------------------------


def rss(pid):
    """KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def test_very_many(gateway, watch):
    """More than the lane's queue holds, and all at the same moment."""
    count = 1500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if soft < 4096 else soft, hard))
    watch.rewrite("events {\n    worker_connections 1024;",
                  "worker_rlimit_nofile 4096;\nevents {\n    worker_connections 4096;")
    browser = beginner(gateway)
    data = request(browser, "GET", poll_path(browser))

    def park(number):
        before = parked(gateway)
        plugs = [Plug(gateway.port) for _ in range(number)]
        for plug in plugs:
            stack.callback(plug.close)
            plug.send(data)
        until(lambda: parked(gateway) == before + number)
        return plugs

    with contextlib.ExitStack() as stack:
        plugs = park(50)  # from here on the worker has what it needs once
        worker, before = gateway.workers()[0], rss(gateway.workers()[0])
        plugs += park(count)
        each = (rss(worker) - before) / count
        print(f"{each:.1f} KiB a parked poll")
        assert each < 16

        began = time.monotonic()  # no thread is held: a whole sign-in, and the portal behind the guard
        assert gateway.signed_in(OTHER).get("/", headers=PAGE).status == 200
        assert time.monotonic() - began < 2

        stepped = identify(browser)
        assert {json.loads(plug.answer("GET").body)["version"] for plug in plugs} == {2}
        assert time.monotonic() - stepped < 5
        assert gateway.metrics()["kabinet_shed_total"] == 0
    assert gateway.workers() == [worker]


def test_very_many_and_a_reload(gateway, watch):
    browser = beginner(gateway)
    data = request(browser, "GET", poll_path(browser))
    before = parked(gateway)
    plugs = [Plug(gateway.port).send(data) for _ in range(900)]
    until(lambda: parked(gateway) == before + 900)
    old, began = gateway.workers(), time.monotonic()
    gateway.stack.reload_nginx()
    assert {plug.answer("GET").status for plug in plugs} == {200}
    until(lambda: not set(old) & set(gateway.workers()))
    assert time.monotonic() - began < 5
    for plug in plugs:
        plug.close()
