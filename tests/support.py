"""What tests of the real servers use: a browser without a screen, the gateway's other ends, waits."""

import csv
import http.client
import json
import os
import pathlib
import random
import socket
import sys
import time
import types

import psycopg2
import redis

ROOT = pathlib.Path(__file__).resolve().parent.parent
INTEGRATION = ROOT / "tests" / "integration"
# The tools, and what tests lend each other.
sys.path[:0] = map(str, (ROOT / "tools", ROOT / "tools" / "run", INTEGRATION,
                         *sorted(INTEGRATION.glob("[a-z]*/"))))
BUILD = os.environ.get("KABINET_TEST_BUILD", "build/release")
SEED = int(os.environ.get("KAB_SEED", "20261121"))

from conf import write as write_conf  # noqa: E402,F401  (for others; the folders are added above)
from stack import Stack, port_is_free  # noqa: E402  (the folders are added above)


def free_port():
    dice = random.Random()
    while True:
        port = dice.randrange(20000, 30000)
        if port_is_free(port) and port_is_free(port + 1):
            return port


class Answer:
    """Status, headers (lower case, a list of pairs) and body."""

    def __init__(self, response):
        self.status = response.status
        self.headers = [(name.lower(), value) for name, value in response.getheaders()]
        self.body = response.read()

    def header(self, name):
        return next((value for key, value in self.headers if key == name.lower()), None)

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["code"]


class Browser:
    """A cookie jar and nothing else: what a browser sends, said plainly."""

    def __init__(self, port):
        self.port = port
        self.cookies = {}
        self.flow = None

    def request(self, method, path, body=None, headers=None, cookies=True):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = dict(headers or {})
        if cookies and self.cookies and "Cookie" not in sent:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if method not in ("GET", "HEAD") and "Origin" not in sent and "Sec-Fetch-Site" not in sent:
            sent["Origin"] = f"http://127.0.0.1:{self.port}"
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        for cookie in answer.all("set-cookie"):
            name, _, rest = cookie.partition("=")
            value = rest.partition(";")[0]
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def api(self, method, path, body=None, **more):
        """JSON to /kabinet/api/v1; bytes are sent as they are."""
        headers = dict(more.pop("headers", {}))
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        return self.request(method, "/kabinet/api/v1" + path, body, headers, **more)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def begin(self, **fields):
        answer = self.api("POST", "/flows", {"kind": "login", **fields})
        assert answer.status == 201, answer.body
        self.flow = answer.json["id"]
        return answer

    def step(self, name, body=None):
        return self.api("POST", f"/flows/{self.flow}/{name}", body or {})

    def identify(self, iin, **fields):
        self.begin(**fields)
        return self.step("identify", {"iin": iin, "consents": {"terms": True, "notifications": True}})

    def sign_in(self, iin, password, **fields):
        answer = self.identify(iin, **fields)
        assert answer.status == 200, answer.body
        return self.step("password", {"password": password})


class Gateway:
    """The running servers and what tests look at."""

    def __init__(self, stack, people):
        self.stack = stack
        self.people = people
        self.url = stack.url
        self.port = stack.port
        self.run_dir = stack.run_dir

    def browser(self):
        return Browser(self.port)

    def signed_in(self, iin="880314493312"):
        browser = self.browser()
        answer = browser.sign_in(iin, self.people[iin].password)
        assert answer.status == 200, answer.body
        return browser

    def sql(self, text, *args):
        """Rows, or None for a statement that returns none."""
        with psycopg2.connect(self.stack.pg) as connection, connection.cursor() as cursor:
            cursor.execute(text, args)
            rows = cursor.fetchall() if cursor.description else None
        connection.close()
        return rows

    @property
    def redis(self):
        return redis.Redis(unix_socket_path=self.stack.redis_socket)

    def workers(self):
        return self.stack.nginx_pids()[1:]

    def restart(self):
        """A new nginx, whose shared memory is empty."""
        self.stack.stop_nginx("term")
        self.stack.start_nginx()
        wait_healthy(self.browser())

    def error_log(self):
        return self.stack.error_log()

    def metrics(self):
        text = self.browser().get("/metrics").body.decode()
        return {k: int(v) for k, v in (line.split() for line in text.splitlines() if line[0] != "#")}


def read_people():
    with open(ROOT / "data" / "demo" / "accounts.csv", encoding="utf-8") as file:
        return {row["iin"]: types.SimpleNamespace(**row) for row in csv.DictReader(file)}


def until(condition, seconds=10, what="it did not come about"):
    """What the condition gave when it was at last true: what comes about may take a moment."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.01)
    return found


def wait_healthy(browser, seconds=10):
    """PostgreSQL was heard and Redis is up: what a person would find a moment after the start."""
    until(lambda: browser.get("/health").status == 200, seconds)


def raw(port, data, timeout=10):
    """Bytes as they are; whatever came back until the other side closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as plug:
        plug.sendall(data)
        got = b""
        try:
            while chunk := plug.recv(65536):
                got += chunk
        except socket.timeout:
            pass
    return got
