"""What the tests of the real servers share.

One PostgreSQL, Redis and nginx of its own for each pytest process; every test begins on a fresh
database made from a template, an empty Redis and a newly started nginx. A test asks for other
settings by a mark:

    @pytest.mark.gateway(conf="kabinet_session idle=2s;", server="location /x {…}", workers=2)
"""

import csv
import http.client
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import time
import types

import psycopg2
import pytest
import redis

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "run"))
BUILD = os.environ.get("KABINET_TEST_BUILD", "build/release")

from stack import Stack, port_is_free  # noqa: E402  (the folder is added above)

SEED = int(os.environ.get("KAB_SEED", "20261121"))
HASH = "m=19456 t=2 p=1 grid=250ms"


def pytest_report_header():
    return f"KAB_SEED={SEED}"


def pytest_configure(config):
    config.addinivalue_line("markers", "gateway(conf, server, http, workers): settings of this test")


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


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """PostgreSQL and Redis of this pytest process, and a template database with the people."""
    run_dir = tmp_path_factory.mktemp("kabinet")
    for folder in (run_dir, *run_dir.parents):
        if str(folder).startswith(str(tmp_path_factory.getbasetemp().parent)):
            folder.chmod(0o755)
    stack = Stack(str(run_dir), free_port(), build=BUILD, hash=HASH)
    try:
        stack.prepare()
        stack.start_postgres()
        stack.start_redis()
        stack.load()
        admin(stack, "ALTER DATABASE kabinet RENAME TO template_kabinet")
        yield stack
    finally:
        stack.stop()


def admin(stack, *statements):
    """Statements about databases, from beside them."""
    connection = psycopg2.connect(stack.pg.replace("dbname=kabinet", "dbname=postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.fixture
def fresh(stack):
    """A database from the template and an empty Redis; nginx is not started."""
    stack.stop_nginx("term")
    admin(stack, "DROP DATABASE IF EXISTS kabinet WITH (FORCE)",
          "CREATE DATABASE kabinet TEMPLATE template_kabinet")
    redis.Redis(unix_socket_path=stack.redis_socket).flushall()
    return stack


@pytest.fixture
def gateway(request, fresh):
    mark = request.node.get_closest_marker("gateway")
    wanted = mark.kwargs if mark else {}
    fresh.conf_extra = wanted.get("conf", "")
    fresh.server_extra = wanted.get("server", "")
    fresh.http_extra = wanted.get("http", "")
    fresh.workers = wanted.get("workers", 1)
    fresh.start_nginx()
    gateway = Gateway(fresh, read_people())
    wait_healthy(gateway.browser())
    yield gateway
    fresh.stop_nginx("term")


@pytest.fixture
def steady(gateway):
    """The same processes at the end as at the beginning, and no alarm in the log."""
    before, size = gateway.stack.nginx_pids(), len(gateway.error_log())
    yield
    assert gateway.stack.nginx_pids() == before
    assert not re.search(r"\[(alert|crit|emerg)\]|signal \d+|panic", gateway.error_log()[size:])


@pytest.fixture
def browser(gateway):
    return gateway.browser()


@pytest.fixture
def ctl(fresh):
    """kabinetctl with the test's own configuration."""

    def run(*args, input=None):
        command = [os.path.join(ROOT, BUILD, "kabinetctl"), "-c", fresh.conf_path, *map(str, args)]
        return subprocess.run(command, input=input, capture_output=True, text=True, timeout=120,
                              stdin=None if input is not None else subprocess.DEVNULL, check=False)

    return run


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


@pytest.fixture
def send_raw(gateway):
    return lambda data, timeout=10: raw(gateway.port, data, timeout)
