"""How soon an ended session is gone: on the machine that ends it, and on another one.

Two nginx with shared memory of their own stand beside one PostgreSQL and one Redis.
"""

import http.client
import time

from guard.site_conf import COOKIE
from stand import free_port, until
from twin import twin

ENDS, AWAY = 40, 3  # with Redis, and without it
GUARDED, SESSION = "/guard-kabinet/file.html", "/kabinet/api/v1/session"


def status(port, path, cookie="", method="GET"):
    plug = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        plug.request(method, path, headers={"Cookie": f"{COOKIE}={cookie}", "Sec-Fetch-Site": "same-origin"})
        return plug.getresponse().status
    except OSError:
        return None
    finally:
        plug.close()


def end(stack, other, cookie):
    """Milliseconds until the other machine refuses; this one must at once."""
    for port in (stack.port, other):
        if status(port, GUARDED, cookie) != 200:
            raise RuntimeError("a session that should live is not there")
    if status(stack.port, SESSION, cookie, "DELETE") != 204:
        raise RuntimeError("a session could not be ended")
    ended = time.perf_counter()
    if status(stack.port, GUARDED, cookie) != 401:
        raise RuntimeError("an ended session is let in where it was ended")
    while status(other, GUARDED, cookie) != 401:
        if time.perf_counter() - ended > 60:
            raise RuntimeError("an ended session lives on elsewhere")
    return (time.perf_counter() - ended) * 1e3


def measure(stack, cookies):
    """{heard, away}: milliseconds of each end, while Redis is heard and while it is not."""
    other = free_port()
    with twin(stack, other):
        until(lambda: status(other, "/health") == 200, 15, "the other nginx is not healthy")
        heard = [end(stack, other, cookie) for cookie in cookies[:ENDS]]
        ready = cookies[ENDS:ENDS + AWAY]
        for cookie in ready:  # both know them before Redis goes
            for port in (stack.port, other):
                status(port, GUARDED, cookie)
        stack.stop_redis()
        try:
            away = [end(stack, other, cookie) for cookie in ready]
        finally:
            stack.start_redis()
    return {"heard": sorted(heard), "away": sorted(away)}
