"""A private stack in a temporary folder: stores that run, an nginx that does not yet."""

import contextlib
import json
import os
import random
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[1:1] = [os.path.join(ROOT, "tools", "run"), os.path.join(ROOT, "tests")]

from stack import Stack, port_is_free  # noqa: E402  (the folder is added above)

BUILD = os.environ.get("KABINET_BUILD", "build/release")


def free_port():
    """One whose neighbour, the sandbox's, is free too."""
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(10000, 30000)
        if port_is_free(port) and port_is_free(port + 1):
            return port


@contextlib.contextmanager
def private_stack(**settings):
    with tempfile.TemporaryDirectory(prefix="kabinet-bench.") as folder:
        os.chmod(folder, 0o755)
        stack = Stack(folder, free_port(), build=BUILD, demo=False, **settings)
        try:
            stack.prepare()
            stack.start_postgres()
            stack.start_redis()
            stack.load()
            yield stack
        finally:
            stack.stop()


class Instance:
    """An nginx as the load sees it."""

    def __init__(self, stack):
        self.url = stack.url
        self.pids = stack.nginx_pids()

    def nginx_pids(self):
        return self.pids


@contextlib.contextmanager
def second_nginx(stack):
    """Beside the one that runs, with the same settings and stores; yields both."""
    first, port, url = stack.children["nginx"], stack.port, stack.url
    both = [Instance(stack)]
    del stack.children["nginx"]
    stack.port = free_port()
    stack.url = url.replace(str(port), str(stack.port))
    try:
        stack.start_nginx()
        yield both + [Instance(stack)]
    finally:
        stack.stop_nginx("term")
        stack.children["nginx"], stack.port, stack.url = first, port, url


def sandbox(stack, path, body=None):
    """What the sandbox says; with a body, a PUT."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(stack.sandbox_url + "/sandbox/" + path, data, method="PUT" if data else "GET")
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def until(condition, seconds=60, what="it did not come about"):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(what)
        time.sleep(0.01)
