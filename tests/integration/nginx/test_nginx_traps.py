"""What nginx may do with a request on its way: each of these cost some module a crash or a leak."""

import json
import os
import re

import pytest

from inflight import PAGE, Http2, Plug, held, request

from support import ROOT, free_port, until

KNOWN = "880314493312"
FLOWS = "/kabinet/api/v1/flows"
LOGIN = b'{"kind":"login"}'


# ---- subrequests ---------------------------------------------------------------------------------


SELF = "/kabinet/api/v1/session"


@pytest.mark.gateway(server=f"""
    location = /asked {{ auth_request {SELF}; empty_gif; }}
    location = /copied {{ mirror {SELF}; mirror {SELF};
        proxy_pass http://$server_addr:$server_port/ok; }}
    location = /ok {{ return 200 ok; }}
    location = /twice {{ ssi on; ssi_types *; return 200 $twice; }}""",
                     http=f"""map $uri $twice {{
        default '[<!--# include virtual="{SELF}" -->|<!--# include virtual="{SELF}" -->]'; }}""")
def test_the_api_answers_subrequests(gateway, watch):
    stranger, browser = gateway.browser(), gateway.signed_in(KNOWN)
    for _ in range(3):
        assert stranger.get("/asked").status == 401
        assert browser.get("/asked").header("content-type") == "image/gif"
        # the fields of a body belong to the main request
        assert stranger.request("POST", "/asked", body=b"x" * 100000).status == 401
        assert browser.request("POST", "/asked", body=b"x" * 100000).status == 405  # of the gif
        assert browser.request("POST", "/copied", body=b"x" * 9000).status == 200
        parts = browser.get("/twice").body.strip(b"[]").split(b"|")
        assert [json.loads(part)["account"]["iin_masked"] for part in parts] == ["88********12"] * 2
    with held(gateway, "session") as lock:
        plug = Plug(gateway.port).send(request(browser, "GET", "/twice"))
        lock.until_waiting(2)
        plug.reset()
        until(lambda: watch.statuses("/twice")[3:] == [499])


@pytest.mark.gateway(server="""root /nowhere;
    location = /sent { kabinet_protect off; proxy_pass http://$server_addr:$server_port/origin; }
    location = /origin { add_header X-Accel-Redirect /inside; return 200; }
    location = /inside { internal; kabinet_protect on; add_header Who $kabinet_iin always; empty_gif; }
    location = /kept { kabinet_protect on; try_files /none /inside; }
    location = /told { kabinet_protect on; try_files /none /plain; }
    location = /plain { internal; add_header Who $kabinet_iin always; empty_gif; }""")
def test_a_redirect_inside_is_guarded(gateway, watch):
    stranger, browser = gateway.browser(), gateway.signed_in(KNOWN)
    for path in ("/sent", "/kept", "/told"):
        for _ in range(2):
            assert stranger.get(path).status == 401
            assert stranger.get(path, headers=PAGE).status == 302
            answer = browser.get(path)
            assert (answer.status, answer.header("who")) == (200, KNOWN)


# ---- bodies and connections ----------------------------------------------------------------------


def begin(gateway, body=LOGIN, **headers):
    return request(gateway.browser(), "POST", FLOWS, body, **headers)


@pytest.mark.gateway(server="client_body_buffer_size 1k; client_body_in_file_only on;")
def test_a_body_never_goes_to_a_file(gateway, watch):
    """Passwords would lie on the disk. The buffer is made large enough, whatever is configured."""
    folder = gateway.stack.data + "/tmp/client_body"
    before = os.stat(folder).st_mtime_ns
    data = begin(gateway, LOGIN + b" " * 7000)
    plug = Plug(gateway.port)
    for at in range(0, len(data), 900):  # a part comes with the header, the rest by and by
        plug.send(data[at:at + 900])
        gateway.browser().get("/health")
    assert plug.answer().status == 201
    assert os.stat(folder).st_mtime_ns == before


def chunked(data, body):
    size = b"Content-Length: %d" % len(body)
    assert size in data and data.endswith(body)
    data = data[:-len(body)].replace(size, b"Transfer-Encoding: chunked")
    return data + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.gateway(server="client_max_body_size 20k;")
def test_bodies_that_are_not_read(gateway, watch):
    plug = Plug(gateway.port)
    for data, status in (
            (begin(gateway, LOGIN + b" " * 8192), 413),  # ours
            (begin(gateway), 201),
            (chunked(begin(gateway), LOGIN), 411),
            (begin(gateway), 201),
            (begin(gateway, LOGIN + b" " * 30000), 413),  # nginx's own
    ):
        answer = plug.send(data).answer()
        assert answer.status == status
        if status != 413:
            assert answer.getheader("connection") == "keep-alive"
    plug.close()
    early = begin(gateway, Early_Data="1")
    assert Plug(gateway.port).send(early).answer().status == 425


def test_http2_needs_a_length_too(gateway, watch):
    port = free_port()
    gateway.stack.http_extra = f"""server {{
        listen 127.0.0.1:{port} http2; location /kabinet/ {{ kabinet_gateway web={ROOT}/web; }} }}"""
    gateway.stack.reload_nginx()
    client = Http2(port)
    browser = gateway.browser()
    numbers = [client.send(browser, "POST", FLOWS, LOGIN, length) for length in (True, False, True)]
    assert [client.wait(number) for number in numbers] == [201, 411, 201]
    client.plug.close()


def test_one_connection_many_requests(gateway, watch):
    owner = gateway.signed_in(KNOWN)
    wrong = request(gateway.browser(), "POST", "/kabinet/api/v1/flows/none/password", b"{}")
    parts = [begin(gateway), request(gateway.browser(), "GET", "/"), wrong, request(owner, "GET", SELF),
             request(owner, "HEAD", SELF), begin(gateway, b"no json"), begin(gateway),
             request(owner, "GET", SELF, Connection="close")]
    got = Plug(gateway.port).send(b"".join(parts)).rest()
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", got)
    assert statuses == [b"201", b"401", b"404", b"200", b"200", b"400", b"201", b"200"]
    assert got.count(b"iin_masked") == 2  # HEAD has no body


def test_a_client_that_asks_first(gateway, watch):
    data = begin(gateway, Expect="100-continue")
    plug = Plug(gateway.port).send(data[:-len(LOGIN)])
    assert plug.socket.recv(100).startswith(b"HTTP/1.1 100 ")
    assert plug.send(LOGIN).answer().status == 201


def test_clients_that_go_before_their_body_came(gateway, watch):
    workers = gateway.workers()
    calls = gateway.metrics()["kabinet_calls_total"]
    for cut in (1, 5, len(LOGIN)):
        for end in ("close", "reset"):
            getattr(Plug(gateway.port).send(begin(gateway)[:-cut]), end)()
    until(lambda: watch.statuses(FLOWS) == [400] * 6)
    assert gateway.metrics()["kabinet_calls_total"] == calls
    assert gateway.workers() == workers


# ---- many servers, many processes ----------------------------------------------------------------


def test_each_server_has_its_own_words(gateway, watch):
    port = free_port()
    gateway.stack.http_extra = f"""
    kabinet_login_uri /enter;
    server {{
        listen 127.0.0.1:{port};
        kabinet_protect on;
        location / {{ empty_gif; }}
        location /open {{ kabinet_protect off; empty_gif;
            location /open/inner {{ kabinet_protect on; kabinet_login_uri /elsewhere; empty_gif; }} }}
        location /kabinet/ {{ kabinet_protect off; kabinet_gateway web={ROOT}/web; }}
    }}"""
    gateway.stack.reload_nginx()
    here, there = gateway.browser(), gateway.signed_in(KNOWN)
    assert here.get("/", headers=PAGE).header("location").startswith("/enter?")
    here.port = there.port = port
    assert here.get("/x", headers=PAGE).header("location").startswith("/enter?")
    assert here.get("/open/x").status == 200
    assert here.get("/open/inner", headers=PAGE).header("location").startswith("/elsewhere?")
    assert here.begin().status == 201
    assert there.get("/x").status == there.get("/open/inner").status == 200


def of_each(gateway, browser, count=2):
    """{worker: status} of as many workers, whichever takes the connection."""
    found = {}

    def seen():
        answer = browser.get("/pid")
        found[int(answer.header("worker"))] = answer.status
        return len(found) == count

    until(seen)
    return found


@pytest.mark.gateway(workers=2, http="proxy_cache_path cache keys_zone=c:1m;",
                     server="add_header Worker $pid always; "
                            "location = /pid { kabinet_protect on; empty_gif; }")
def test_workers_share_and_helpers_stay_out(gateway, watch):
    assert len(gateway.workers()) > 2  # the cache's manager and loader
    assert gateway.redis.pubsub_numsub("kabinet:ended") == [(b"kabinet:ended", 1)]
    browser = gateway.signed_in(KNOWN)
    assert set(of_each(gateway, browser).values()) == {200}
    assert gateway.metrics()["kabinet_guard_misses_total"] == 0
    cookies = dict(browser.cookies)
    assert browser.api("DELETE", "/session").status == 204
    browser.cookies = cookies
    for _ in range(5):
        assert set(of_each(gateway, browser).values()) == {401}
