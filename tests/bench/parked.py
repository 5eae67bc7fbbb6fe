"""What 10,000 parked long polls cost: KiB of the worker each, and how soon all are answered.

    make lib module ctl breach && python3 tests/bench/parked.py [count]

Servers are private ones in a temporary folder. The limit of open files must allow the count, twice.
"""

import http.client
import json
import os
import random
import re
import resource
import selectors
import signal
import socket
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools", "run"))

from stack import Stack, port_is_free  # noqa: E402  (the folder is added above)

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
FLOWS = 500
WARM = 200  # polls that are parked before the measuring begins
# What a browser sends besides: 1.2 KB, more than nginx's default buffer of 1 KiB holds.
BROWSER = ("Accept: application/json\r\nAccept-Language: ru-RU,ru;q=0.9,kk;q=0.8,en;q=0.7\r\n"
           "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
           f"User-Agent: Mozilla/5.0 {'x' * 120}\r\nCookie: other={'y' * 700}\r\n")
ROWS = [("a short header", "", ""),
        ("a browser's header", BROWSER, ""),
        ("the same, client_header_buffer_size 2k", BROWSER, "client_header_buffer_size 2k;")]


def rss(pid):
    """KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def parked(stack):
    with urllib.request.urlopen(stack.url + "/metrics", timeout=30) as answer:
        return int(re.search(rb"^kabinet_parked_total (\d+)", answer.read(), re.M)[1])


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("it did not come about")
        time.sleep(0.01)


def begin(stack):
    """A new browser's flow: what it is called, and the browser's cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)
    connection.request("POST", "/kabinet/api/v1/flows", b'{"kind":"login"}',
                       {"Content-Type": "application/json", "Origin": stack.url})
    answer = connection.getresponse()
    cookie = answer.getheader("Set-Cookie").split(";")[0]
    flow = json.loads(answer.read())["id"]
    connection.close()
    return flow, cookie


def park(stack, flows, count, header):
    """Polls, spread over the flows; they are parked when this returns."""
    before, plugs = parked(stack), []
    for number in range(count):
        flow, cookie = flows[number % len(flows)]
        plug = socket.create_connection(("127.0.0.1", stack.port))
        plug.sendall(f"GET /kabinet/api/v1/flows/{flow}?wait=25&version=1 HTTP/1.1\r\n"
                     f"Host: 127.0.0.1:{stack.port}\r\n{header}Cookie: {cookie}\r\n\r\n".encode())
        plugs.append(plug)
    until(lambda: parked(stack) >= before + count)
    return plugs


def answers(plugs):
    """Seconds until the last has its answer; all must be good."""
    began, left = time.monotonic(), len(plugs)
    with selectors.DefaultSelector() as ready:
        for plug in plugs:
            ready.register(plug, selectors.EVENT_READ)
        while left:
            for key, _ in ready.select(30):
                got = key.fileobj.recv(65536)
                if not got.startswith(b"HTTP/1.1 200 "):
                    raise RuntimeError(f"not an answer: {got[:200]}")
                ready.unregister(key.fileobj)
                left -= 1
    return time.monotonic() - began


def serve(stack, http_extra):
    """A new nginx with room for all."""
    stack.stop_nginx("term")
    stack.http_extra = http_extra
    stack.main_extra = f"worker_rlimit_nofile {COUNT + 4096};"
    stack.start_nginx()
    with open(stack.nginx_conf, encoding="utf-8") as file:
        text = file.read()
    with open(stack.nginx_conf, "w", encoding="utf-8") as file:
        file.write(text.replace("worker_connections 1024;", f"worker_connections {COUNT + 2048};"))
    old = stack.nginx_pids()[1:]
    stack.children["nginx"].send_signal(signal.SIGHUP)
    until(lambda: len(stack.nginx_pids()) == 2 and not set(old) & set(stack.nginx_pids()))


def measure(stack, header, http_extra):
    """(KiB of the worker a poll, seconds until all are answered when nginx quits)"""
    serve(stack, http_extra)
    flows = [begin(stack) for _ in range(FLOWS)]
    worker = stack.nginx_pids()[1]
    plugs = park(stack, flows, WARM, header)
    before = rss(worker)
    plugs += park(stack, flows, COUNT, header)
    each = (rss(worker) - before) / COUNT
    stack.children["nginx"].send_signal(signal.SIGQUIT)
    took = answers(plugs)
    for plug in plugs:
        plug.close()
    return each, took


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = next(p for p in iter(lambda: random.SystemRandom().randrange(10000, 20000), 0) if port_is_free(p))
    with tempfile.TemporaryDirectory(prefix="kabinet-parked.") as folder:
        os.chmod(folder, 0o755)
        stack = Stack(folder, port, build=os.environ.get("KABINET_BUILD", "build/release"), demo=False)
        try:
            stack.prepare()
            stack.start_postgres()
            stack.start_redis()
            stack.load()
            print(f"{COUNT} parked polls of one worker")
            for name, header, http_extra in ROWS:
                each, took = measure(stack, header, http_extra)
                print(f"  {name:40} {each:5.1f} KiB a poll; all answered {took:.1f} s after a quit", flush=True)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
