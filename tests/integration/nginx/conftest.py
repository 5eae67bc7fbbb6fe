"""What the tests of nginx itself share: its log, watched, and servers beside the usual one."""

import pytest

from inflight import Watch
from support import ROOT, free_port, until


@pytest.fixture
def watch(gateway):
    watching = Watch(gateway)
    yield watching
    if watching.master.poll() is None:
        watching.quit()
    watching.clean()


@pytest.fixture
def port2(gateway, watch):
    """A server of HTTP/2 beside the usual one."""
    port = free_port()
    gateway.stack.http_extra = f"""
    server {{
        listen 127.0.0.1:{port} http2;
        location /kabinet/ {{ kabinet_gateway web={ROOT}/web; }}
        location / {{ kabinet_protect on; empty_gif; }}
    }}"""
    gateway.stack.reload_nginx()
    until(lambda: len(gateway.workers()) == 1)
    return port


@pytest.fixture
def spread_port(gateway, watch):
    """A server whose connections are spread over two workers, both of which hear changes."""
    port = free_port()
    gateway.stack.http_extra = f"""
    server {{
        listen 127.0.0.1:{port} reuseport;  # spreads connections
        location /kabinet/ {{ kabinet_gateway web={ROOT}/web; }}
    }}"""
    gateway.stack.reload_nginx()
    until(lambda: len(gateway.workers()) == 2)
    until(lambda: gateway.redis.pubsub_numsub("kabinet:wake") == [(b"kabinet:wake", 2)])
    return port
