"""What the tests of requests in flight share: locks that hold a job, raw clients, a log to look at."""

import contextlib
import http.client
import json
import random
import socket
import struct
import time

import h2.connection
import h2.events
import psycopg2
import pytest

from people import iins
from support import SEED, until

PAGE = {"Accept": "text/html"}
WRONG = {"password": "Wrong!Password1"}


def strangers(count):
    """IINs of nobody, with right check digits; the seed is pytest's."""
    return list(iins(random.Random(SEED), count))


class Held:
    """A table that only this test may touch; whoever else wants it waits."""

    def __init__(self, gateway, table):
        self.gateway = gateway
        self.table = table
        self.connection = psycopg2.connect(gateway.stack.pg)
        with self.connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

    def waiting(self):
        return self.gateway.sql("SELECT count(*) FROM pg_locks WHERE NOT granted "
                                "AND relation = %s::regclass::oid", self.table)[0][0]

    def until_waiting(self, count=1):
        until(lambda: self.waiting() >= count, what=f"nobody waits for {self.table}")

    def release(self):
        self.connection.rollback()


@contextlib.contextmanager
def held(gateway, table):
    lock = Held(gateway, table)
    try:
        yield lock
    finally:
        lock.connection.close()


class Plug:
    """One connection, spoken to in bytes."""

    def __init__(self, port, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)

    def send(self, data):
        self.socket.sendall(data)
        return self

    def answer(self, method="POST"):
        """The next answer; nothing may stand behind it yet."""
        response = http.client.HTTPResponse(self.socket, method=method)
        response.begin()
        response.body = response.read()
        if response.getheader("connection") == "close":
            self.close()
        return response

    def rest(self):
        """All that comes until the other side closes."""
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := self.socket.recv(65536):
                got += chunk
        return got

    def close(self):
        self.socket.close()

    def reset(self):
        """RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def parked(gateway):
    return gateway.metrics()["kabinet_parked_total"]


class Parked:
    """A long poll under way; it is parked when this returns."""

    def __init__(self, gateway, data, port=None):
        before = parked(gateway)
        self.plug = Plug(port or gateway.port)
        self.began = time.monotonic()
        self.plug.send(data)
        until(lambda: parked(gateway) > before)

    def answer(self, status=200):
        """Its body, and for how many seconds it was waited for."""
        answer = self.plug.answer("GET")
        assert answer.status == status, answer.body
        return json.loads(answer.body), time.monotonic() - self.began

    def silent(self, seconds=0.2):
        self.plug.socket.settimeout(seconds)
        with pytest.raises(TimeoutError):
            self.plug.socket.recv(1)
        self.plug.socket.settimeout(30)


class Http2:
    """HTTP/2 without TLS, several requests on one connection."""

    def __init__(self, port):
        self.plug = Plug(port)
        self.port = port
        self.h2 = h2.connection.H2Connection()
        self.h2.initiate_connection()
        self.flush()
        self.status = {}
        self.ended = set()

    def flush(self):
        self.plug.send(self.h2.data_to_send())

    def send(self, browser, method, path, body=None, length=True):
        number = self.h2.get_next_available_stream_id()
        headers = [(":method", method), (":path", path), (":scheme", "http"),
                   (":authority", f"127.0.0.1:{self.port}"), ("accept", "text/html"),
                   ("origin", f"http://127.0.0.1:{self.port}"), ("content-type", "application/json")]
        headers += [("cookie", f"{k}={v}") for k, v in browser.cookies.items()]
        if body is not None and length:
            headers.append(("content-length", str(len(body))))
        self.h2.send_headers(number, headers, end_stream=body is None)
        if body is not None:
            self.h2.send_data(number, body, end_stream=True)
        self.flush()
        return number

    def wait(self, number):
        """The status of a stream that has ended."""
        while number not in self.ended:
            data = self.plug.socket.recv(65536)
            assert data, "the connection was closed"
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    self.status[event.stream_id] = int(dict(event.headers)[b":status"])
                elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                    self.ended.add(event.stream_id)
            self.flush()
        return self.status.get(number)


def request(browser, method, path, body=None, **headers):
    """The bytes of a request, with the browser's cookies."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{browser.port}"]
    if browser.cookies:
        lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in browser.cookies.items()))
    if body is not None:
        headers = {"Origin": f"http://127.0.0.1:{browser.port}", "Content-Type": "application/json",
                   "Content-Length": str(len(body)), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def step_path(browser, name):
    return f"/kabinet/api/v1/flows/{browser.flow}/{name}"


def password_step(gateway, iin, password=None):
    """A browser before its password, and the bytes that send the password."""
    browser = gateway.browser()
    assert browser.identify(iin).status == 200
    body = json.dumps({"password": password or gateway.people[iin].password}).encode()
    return browser, request(browser, "POST", step_path(browser, "password"), body)


def access_log(gateway):
    with open(gateway.stack.run_dir + "/logs/access.log", encoding="utf-8") as file:
        return file.read()


class Watch:
    """What went wrong since it began; and the end of nginx, looked at closely."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.errors = len(gateway.error_log())
        self.accesses = len(access_log(gateway))
        self.master = gateway.stack.children["nginx"]
        self.expected = []  # how lines end that the test itself brings about

    def log(self):
        return self.gateway.error_log()[self.errors:]

    def statuses(self, path):
        """Of the requests to this path, in the order in which they ended."""
        lines = access_log(self.gateway)[self.accesses:].splitlines()
        return [int(line.split('" ')[1].split()[0]) for line in lines if f" {path} HTTP/" in line]

    def rewrite(self, old, new):
        """Other words in nginx.conf; returns when only workers of the new file are there."""
        stack = self.gateway.stack
        with open(stack.nginx_conf, encoding="utf-8") as file:
            text = file.read()
        with open(stack.nginx_conf, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        before = self.gateway.workers()
        self.master.send_signal(1)  # SIGHUP
        until(lambda: not set(before) & set(self.gateway.workers())
              and len(self.gateway.workers()) == len(before), 15)

    def clean(self):
        bad = [line for line in self.log().splitlines()
               if any(word in line for word in ("[alert]", "[emerg]", "[crit]", "exited on signal"))
               and not any(line.endswith(words) for words in self.expected)]
        assert not bad, "\n".join(bad)

    def quit(self, seconds=5):
        """Debian's unit kills after 5 s. A request that leaked leaves an open socket behind: an alert."""
        self.master.send_signal(3)  # SIGQUIT
        code = self.master.wait(seconds)
        assert code == 0, f"nginx ended with {code}:\n{self.log()[-2000:]}"
        self.clean()
