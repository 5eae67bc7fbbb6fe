"""How many messages a second the outbox brings to the providers, and that a kill costs none.

    make lib module ctl breach bench-build && python3 tests/bench/outbox.py
"""

import json
import os
import signal
import subprocess
import time
import urllib.request

from stand import private_stack, until

COUNT = 6000  # fewer than the sandbox keeps
TURNS = 3


def sandbox(stack, path):
    with urllib.request.urlopen(stack.sandbox_url + "/sandbox/" + path, timeout=30) as answer:
        return json.load(answer)


def sql(stack, text):
    ran = subprocess.run(["psql", "-XAtq", stack.pg, "-c", text], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def fill(stack, count):
    """So many messages wait, each to its own number; providers that were never asked, nginx stopped."""
    stack.stop_nginx("term")
    stack.stop_sandbox()
    sql(stack, "TRUNCATE outbox")
    subprocess.run([os.path.join(stack.build, "bench-messages"), stack.conf_path, str(count)], check=True)
    stack.start_sandbox()


def await_taken(stack, count):
    """(how many, when), as soon as the sandbox has that many."""
    seen = 0

    def look():
        nonlocal seen
        seen = sandbox(stack, "state")["taken"]
        return seen >= count

    until(look, 120, "the messages do not come")
    return seen, time.monotonic()


def account(stack, count):
    """Each phone was told once; the rows say so too."""
    until(lambda: sql(stack, "SELECT count(*) FROM outbox WHERE state = 'sent'") == str(count), 120,
          "not all are marked as sent")
    told = [message["to"] for message in sandbox(stack, "messages")]
    return {"lost": count - len(set(told)), "doubled": len(told) - len(set(told)),
            "repeated": sandbox(stack, "state")["repeated"]}


def drain(stack, count=COUNT):
    """Messages a second, from the first that comes to the last."""
    fill(stack, count)
    stack.start_nginx()
    first, begun = await_taken(stack, 1)
    last, ended = await_taken(stack, count)
    found = account(stack, count)
    return {"rate": (last - first) / (ended - begun), **found}


def killed(stack, count=COUNT):
    """The same through a SIGKILL of every process of nginx in the middle."""
    fill(stack, count)
    stack.start_nginx()
    await_taken(stack, count // 3)
    for pid in stack.nginx_pids():
        os.kill(pid, signal.SIGKILL)
    stack.stop_nginx("term")
    before = sandbox(stack, "state")["taken"]
    sql(stack, "UPDATE outbox SET due_at = now() WHERE state = 'waiting'")  # the leases run out
    stack.start_nginx()
    await_taken(stack, count)
    return {"before": before, **account(stack, count)}


def main():
    with private_stack() as stack:
        for _ in range(TURNS):
            print(drain(stack), flush=True)
        print(killed(stack))


if __name__ == "__main__":
    main()
