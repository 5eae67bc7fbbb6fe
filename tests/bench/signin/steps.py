"""Steps of the API that hash no password, and how soon a new nginx answers."""

import re
import threading
import time
import urllib.request

from load import run, wrk

CONNECTIONS = 32


def steps(stack, people, seconds):
    """{rate, p99 (ms), bad} of steps: a connection a thread, for each answer leads to the next."""
    said = run(wrk(stack.url, "signin/steps.lua", {"BENCH_PEOPLE": people}, CONNECTIONS, CONNECTIONS, seconds))
    good, bad, took, p99 = map(int, re.search(r"STEPS (.*)", said)[1].split())
    return {"rate": good / took * 1e6, "p99": p99 / 1e3, "bad": bad}


def start(stack):
    """Milliseconds from nginx's exec to its first answer out of PostgreSQL and Redis."""
    stack.stop_nginx("term")
    starting = threading.Thread(target=stack.start_nginx)  # writes the settings first, and looks less often
    starting.start()
    while "nginx" not in stack.children:
        time.sleep(0.0001)
    began = time.perf_counter()
    while not healthy(stack):
        time.sleep(0.001)
    took = (time.perf_counter() - began) * 1e3
    starting.join()
    return took


def healthy(stack):
    try:
        with urllib.request.urlopen(stack.url + "/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
