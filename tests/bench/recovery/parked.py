"""What 10,000 parked long polls cost: KiB of the worker each, guarded requests meanwhile, and how
soon all are answered at the end.

    make lib module ctl breach && PYTHONPATH=tests/bench python3 -m recovery.parked [count]

This prints the memory alone. The limit of open files must allow the count, twice.
"""

import os
import re
import resource
import selectors
import signal
import socket
import sys
import time
import urllib.request

from stand import private_stack, until
from signin.timing import API, Visitor

COUNT = 10000
FLOWS = 500
WARM = 200  # polls that are parked before the measuring begins
TURNS = 5
# What a browser sends besides: with the cookie 1.5 KB, more than nginx's default buffer of 1 KiB holds.
BROWSER = ("Accept: application/json\r\nAccept-Language: ru-RU,ru;q=0.9,kk;q=0.8,en;q=0.7\r\n"
           "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
           f"User-Agent: Mozilla/5.0 {'x' * 120}\r\nCookie: other={'y' * 1000}\r\n")
BUFFER = "client_header_buffer_size 2k;"
ROWS = [("a short header", "", ""),
        ("a browser's header", BROWSER, ""),
        ("the same, client_header_buffer_size 2k", BROWSER, BUFFER)]


def rss(pid):
    """KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def parked(stack):
    with urllib.request.urlopen(stack.url + "/metrics", timeout=30) as answer:
        return int(re.search(rb"^kabinet_parked_total (\d+)", answer.read(), re.M)[1])


def begin(stack):
    """A new browser's flow: what it is called, and the browser's cookie."""
    visitor = Visitor(stack.port)
    _, flow, _ = visitor.post(API, {"kind": "login"})
    visitor.plug.close()
    return flow["id"], visitor.headers["Cookie"]


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


def allow_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def widen(stack, count):
    """Room for so many connections in an nginx that was started with ROOM."""
    with open(stack.nginx_conf, encoding="utf-8") as file:
        text = file.read()
    with open(stack.nginx_conf, "w", encoding="utf-8") as file:
        file.write(text.replace("worker_connections 1024;", f"worker_connections {count + 2048};"))
    old = stack.nginx_pids()[1:]
    stack.children["nginx"].send_signal(signal.SIGHUP)
    until(lambda: len(stack.nginx_pids()) == 2 and not set(old) & set(stack.nginx_pids()))


def room(count):
    return f"worker_rlimit_nofile {count + 4096};"


def memory(stack, count, header, http_extra):
    """(KiB of the worker a poll, seconds until all are answered when nginx quits)"""
    stack.stop_nginx("term")
    stack.http_extra, stack.main_extra = http_extra, room(count)
    stack.start_nginx()
    widen(stack, count)
    flows = [begin(stack) for _ in range(FLOWS)]
    worker = stack.nginx_pids()[1]
    plugs = park(stack, flows, WARM, header)
    before = rss(worker)
    plugs += park(stack, flows, count, header)
    each = (rss(worker) - before) / count
    stack.children["nginx"].send_signal(signal.SIGQUIT)
    took = answers(plugs)
    leave(stack, plugs)
    return each, took


def leave(stack, plugs):
    """The browsers are gone, and nginx knows it."""
    for plug in plugs:
        plug.close()
    until(lambda: all(files(pid) < WARM for pid in stack.nginx_pids()[1:]))


def files(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return 0


def guarded(stack, measure, say):
    """p99 of guarded requests, alone and while polls are parked, by turns; and KiB a poll. nginx was
    started with BUFFER and room(COUNT); measure() says a p99."""
    allow_files()
    widen(stack, COUNT)
    flows = [begin(stack) for _ in range(FLOWS)]
    worker = stack.nginx_pids()[1]
    idle, during, each = [], [], None
    for i in range(TURNS):
        idle.append(measure())
        plugs = park(stack, flows, WARM, BROWSER)
        before = rss(worker)
        plugs += park(stack, flows, COUNT, BROWSER)
        each = each or (rss(worker) - before) / COUNT  # later ones find memory that is there
        during.append(measure())
        leave(stack, plugs)
        say(f"p99 of guarded requests, turn {i + 1} of {TURNS}: idle {idle[-1]:.2f} ms, "
            f"with {COUNT:,} polls parked {during[-1]:.2f} ms")
    return {"kib": each, "idle": idle, "parked": during}


def main():
    allow_files()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with private_stack() as stack:
        print(f"{count} parked polls of one worker")
        for name, header, http_extra in ROWS:
            each, took = memory(stack, count, header, http_extra)
            print(f"  {name:40} {each:5.1f} KiB a poll; all answered {took:.1f} s after a quit", flush=True)


if __name__ == "__main__":
    main()
