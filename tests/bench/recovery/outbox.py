"""How many messages a second the outbox brings to the providers, and that a kill costs none.

    make lib module ctl breach bench-build && PYTHONPATH=tests/bench python3 -m recovery.outbox
"""

import os
import random
import signal
import subprocess
import time

from stand import private_stack, sandbox, until

COUNT = 6000  # fewer than the sandbox keeps
TURNS = 3
KILLS = 3
AWAY = 50  # milliseconds until providers answer that are not on this machine


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


def drain(stack, count=COUNT, away=0):
    """Messages a second, from the first that comes to the last."""
    fill(stack, count)
    for channel in ("push", "sms"):
        sandbox(stack, f"faults/{channel}", {"mode": "slow" if away else "ok", "ms": away})
    stack.start_nginx()
    first, begun = await_taken(stack, 1)
    last, ended = await_taken(stack, count)
    return {"rate": (last - first) / (ended - begun), **account(stack, count)}


def killed(stack, count=COUNT):
    """The same, and every process of nginx is ended by SIGKILL again and again."""
    fill(stack, count)
    dice, before = random.Random(7), []
    for _ in range(KILLS):
        stack.start_nginx()
        await_taken(stack, sandbox(stack, "state")["taken"] + 1)
        time.sleep(dice.uniform(0.1, 0.7))  # the sandbox tells its state between batches only
        for pid in stack.nginx_pids():
            os.kill(pid, signal.SIGKILL)
        stack.stop_nginx("term")
        before.append(sandbox(stack, "state")["taken"])
        sql(stack, "UPDATE outbox SET due_at = now() WHERE state = 'waiting'")  # the leases run out
    stack.start_nginx()
    await_taken(stack, count)
    return {"before": before, **account(stack, count)}


def main():
    with private_stack() as stack:
        for _ in range(TURNS):
            print(drain(stack), flush=True)
        print(f"{AWAY} ms away", drain(stack, COUNT // 2, AWAY), flush=True)
        print(killed(stack))


if __name__ == "__main__":
    main()
