"""Steps of the API that hash no password, and how soon a new nginx answers."""

import re
import time
import urllib.request

from load import run, wrk

CONNECTIONS = 32


def steps(stack, people, seconds):
    """{rate, p99 (ms), bad} of steps: a connection a thread, for each answer leads to the next."""
    said = run(wrk(stack.url, "steps.lua", {"BENCH_PEOPLE": people}, CONNECTIONS, CONNECTIONS, seconds))
    good, bad, took, p99 = map(int, re.search(r"STEPS (.*)", said)[1].split())
    return {"rate": good / took * 1e6, "p99": p99 / 1e3, "bad": bad}


def start(stack):
    """Milliseconds from the start of nginx to its first answer out of PostgreSQL and Redis."""
    stack.stop_nginx("term")
    began = time.perf_counter()
    stack.start_nginx()
    while True:
        try:
            with urllib.request.urlopen(stack.url + "/health", timeout=2) as answer:
                if answer.status == 200:
                    return (time.perf_counter() - began) * 1e3
        except OSError:
            time.sleep(0.001)
