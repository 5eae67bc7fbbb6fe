"""Two nginx on one PostgreSQL and one Redis, as on two machines: what one does, the other hears."""

import pytest

from support import Browser, free_port, until
from twin import twin as second_nginx

KNOWN, OTHER = "880314493312", "920705493744"


@pytest.fixture
def twin(gateway):
    """The port of the second nginx."""
    port = free_port()

    def healthy():
        try:
            return Browser(port).get("/health").status == 200
        except OSError:
            return False

    with second_nginx(gateway.stack, port):
        until(healthy)
        yield port


def there(browser, port):
    """The same browser at the other machine: cookies do not know ports."""
    other = Browser(port)
    other.cookies, other.flow = dict(browser.cookies), browser.flow
    return other


def test_one_service(gateway, twin):
    browser = gateway.browser()
    browser.identify(KNOWN)
    browser = there(browser, twin)
    assert browser.step("password", {"password": gateway.people[KNOWN].password}).status == 200
    here = there(browser, gateway.port)
    assert here.get("/").status == browser.get("/").status == 200
    assert here.api("GET", "/session").json == browser.api("GET", "/session").json
    for number in range(5):
        port = (gateway.port, twin)[number % 2]
        assert Browser(port).sign_in(OTHER, "Wrong!Password1").status == 401
    for port in (gateway.port, twin):
        assert Browser(port).sign_in(OTHER, "Wrong!Password1").status == 429


def test_an_end_here_is_an_end_there(gateway, twin, ctl):
    first, second, third = (gateway.signed_in(KNOWN) for _ in range(3))
    mirrors = [there(browser, twin) for browser in (first, second, third)]
    assert [mirror.get("/").status for mirror in mirrors] == [200] * 3
    assert first.api("DELETE", "/sessions").status == 204
    until(lambda: [mirror.get("/").status for mirror in mirrors] == [200, 401, 401], 1)
    assert ctl("account", "end-sessions", KNOWN).returncode == 0
    until(lambda: (first.get("/").status, mirrors[0].get("/").status) == (401, 401), 1.5)


def test_the_channel_alone_is_enough(gateway, twin):
    """A message drops the copy before PostgreSQL is asked; anything else on the channel is nothing."""
    browser, other = there(gateway.signed_in(KNOWN), twin), there(gateway.signed_in(OTHER), twin)
    assert browser.get("/").status == other.get("/").status == 200
    session = bytes(gateway.sql("SELECT id FROM session ORDER BY created_at LIMIT 1")[0][0])
    for message in (b"", b"x", session[:-1], session + b"x", b"\0" * 32, b"x" * 100000):
        assert gateway.redis.publish("kabinet:ended", message) >= 2
    assert browser.get("/").status == other.get("/").status == 200
    gateway.redis.publish("kabinet:ended", session)
    until(lambda: browser.get("/").status == 401, 1)
    assert other.get("/").status == 200


def test_an_end_is_heard_without_the_channel(gateway, twin):
    browser = gateway.signed_in(KNOWN)
    mirror = there(browser, twin)
    assert mirror.get("/").status == 200
    gateway.stack.stop_redis()
    try:
        assert browser.api("DELETE", "/session").status == 204
        until(lambda: mirror.get("/").status == 401, 5)
    finally:
        gateway.stack.start_redis()
