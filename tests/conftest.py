"""What the tests of the real servers share.

One PostgreSQL, Redis and nginx of its own for each pytest process; every test begins on a fresh
database made from a template, an empty Redis and a newly started nginx. A test asks for other
settings by a mark:

    @pytest.mark.gateway(conf="kabinet_session idle=2s;", server="location /x {…}", workers=2)
"""

import os
import re
import subprocess

import psycopg2
import pytest
import redis

from support import BUILD, ROOT, SEED, Gateway, Stack, free_port, raw, read_people, wait_healthy, write_conf

HASH = "m=19456 t=2 p=1 grid=250ms"


def pytest_report_header():
    return f"KAB_SEED={SEED}"


def pytest_configure(config):
    config.addinivalue_line("markers", "gateway(conf, server, http, workers): settings of this test")


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


def settle(stack, conf="", server="", http="", workers=1):
    """The settings of the next nginx, and of kabinetctl at once."""
    stack.conf_extra, stack.server_extra, stack.http_extra, stack.workers = conf, server, http, workers
    write_conf(stack)


@pytest.fixture
def fresh(stack):
    """A database from the template, an empty Redis and settings without a test's own; nginx is not started."""
    stack.stop_nginx("term")
    settle(stack)
    admin(stack, "DROP DATABASE IF EXISTS kabinet WITH (FORCE)",
          "CREATE DATABASE kabinet TEMPLATE template_kabinet")
    redis.Redis(unix_socket_path=stack.redis_socket).flushall()
    return stack


@pytest.fixture
def gateway(request, fresh):
    mark = request.node.get_closest_marker("gateway")
    settle(fresh, **(mark.kwargs if mark else {}))
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


@pytest.fixture
def send_raw(gateway):
    return lambda data, timeout=10: raw(gateway.port, data, timeout)
