"""The least that a sign-in takes beside its hash: three requests, for a file, and a transaction that keeps
a row, at the pace of sign-ins while every core hashes. What all who take part use of processor time."""

import os
import resource
import subprocess
import time

from guard.rows import spread
from load import Requests, beside, cpu, hashing
from signin.parts import parts

TURNS, SECONDS = 3, 4
PACE = 50  # sign-ins a second, as here
TABLE = "CREATE TABLE IF NOT EXISTS least (number bigserial PRIMARY KEY, said text)"
ROW = "INSERT INTO least (said) VALUES ('somebody signed in');\n"


def waited_for():
    """Seconds of processor time of the programs that ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def requests(stack, cookies):
    """Milliseconds of nginx and the load, for three."""
    before = waited_for()
    one = Requests(stack, None).measure("plain", cookies, SECONDS, connections=3 * PACE // 10, pause=100)
    return (one["spent"] + waited_for() - before) / one["n"] * 3e3


def transactions(stack):
    """The program that asks for them, and its environment."""
    subprocess.run(["psql", stack.pg, "-qc", TABLE], capture_output=True, check=True)
    script = stack.in_run("least.sql")
    with open(script, "w", encoding="ascii") as file:
        file.write(ROW)
    return [os.path.join(stack.pg_bin(), "pgbench"), "-n", "-M", "prepared", "-R", str(PACE), "-T", str(SECONDS + 2),
            "-f", script, stack.pg], None


def transaction(stack):
    """Milliseconds of PostgreSQL and its client."""
    with beside(transactions(stack)) as client:
        def spent():
            return parts(stack)["PostgreSQL"] + cpu(client.pid)

        before = spent()
        time.sleep(SECONDS)
        return (spent() - before) / (PACE * SECONDS) * 1e3


def measure(stack, cookies, threads):
    """{name: spread of ms}"""
    turns = []
    for _ in range(TURNS):
        with beside(hashing(stack.build, threads, 2 * SECONDS + 4)):
            turns.append({"three requests for a file": requests(stack, cookies),
                          "a transaction of one row": transaction(stack)})
    return {name: spread([turn[name] for turn in turns]) for name in turns[0]}
