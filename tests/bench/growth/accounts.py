"""Look-ups and sign-ins as accounts and children become many.

Of each million some thousands are imported people, who are asked for, all over the tables. The others
are copies of one row under indexes of their own (tests/grow.py): what lies in the tables and in
their indexes has the same size and the same disorder, but nobody knows an IIN for it.
"""

import os
import random
import subprocess

from grow import grow
from load import Logins, hash_bound
from people import iins

CHUNK, ASKED = 1000000, 5000  # of so many rows so many are imported
SECONDS = 5
KINDS = ("nothing", "account", "child")


def ask(stack, query, *values):
    """Rows, in words, by psql; the values stand for %s."""
    query = query % tuple(f"'{value}'" for value in values) if values else query
    ran = subprocess.run(["psql", "-qAtXd", stack.pg, "-v", "ON_ERROR_STOP=1", "-c", query], capture_output=True,
                         text=True, check=True)
    return [line.split("|") for line in ran.stdout.splitlines()]


class People:
    """Accounts that become more and more, each with a child in the queue, and those to ask for."""

    def __init__(self, stack, most):
        self.stack = stack
        self.all = iins(random.Random(20261121), 2 * ASKED * (most // CHUNK + 2))
        self.n = 0
        self.some = {"nothing": [], "account": [], "child": []}

    def bring(self, n):
        """So many more imported ones, each with a child."""
        parents, children = [[next(self.all) for _ in range(n)] for _ in range(2)]
        self.give("accounts", ["iin,phone,locale"] + [
            f"{iin},+7701{i:07},ru" for i, iin in enumerate(parents, self.n)])
        self.give("children", ["child_iin,birth_certificate,parent1_iin,parent2_iin,attendance,guardian_iin"] + [
            f"{child},{i:07},{parent},,queue,{parent}"
            for i, (child, parent) in enumerate(zip(children, parents), self.n)])
        self.some["account"] += parents
        self.some["child"] += children
        self.some["nothing"] = parents[:1]
        self.n += n

    def give(self, kind, lines):
        path = os.path.join(self.stack.run_dir, kind + ".csv")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        self.stack.ctl("import", kind, path)

    def copy(self, n):
        for table in ("account", "child"):
            grow(lambda query, *values: ask(self.stack, query, *values), table, n, self.n)
        self.n += n

    def grow(self, n):
        while self.n < n:
            part = min(CHUNK, n - self.n)
            self.bring(min(part, ASKED))
            self.copy(max(part - ASKED, 0))
        ask(self.stack, "VACUUM ANALYZE account, child")

    def look_up(self, kind):
        ran = subprocess.run([os.path.join(self.stack.build, "bench-lookups"), self.stack.conf_path, kind, str(SECONDS)],
                             input="\n".join(self.some[kind]), capture_output=True, text=True, check=True)
        rate, median, p99 = map(float, ran.stdout.split())
        return {"rate": rate, "us": 1e6 / rate, "median": median, "p99": p99}


def measure(stack, sizes, with_passwords, say):
    """A row a size, and who is there. `with_passwords`: the file of who signs in. us: what one costs."""
    people, rows, load = People(stack, max(sizes)), [], Logins(stack, with_passwords)
    for n in sizes:
        people.grow(n)
        row = {"n": n, "bytes": int(ask(stack, "SELECT pg_total_relation_size('account')")[0][0])}
        row |= {kind: people.look_up(kind) for kind in KINDS}
        load.measure(1)
        for name, rate in (("hashes", hash_bound(stack.build, 2, 3)), ("sign-in", load.measure(SECONDS)["rate"])):
            row[name] = {"rate": rate, "us": 1e6 / rate}
        rows.append(row)
        say(f"{n:>10,} accounts of {row['bytes'] / n:,.0f} bytes: " + "; ".join(
            f"{kind} {row[kind]['rate']:,.0f}/s, p99 {row[kind]['p99']:.3f} ms" for kind in KINDS)
            + f"; sign-ins {row['sign-in']['rate']:.1f}/s of {row['hashes']['rate']:.1f} hashes")
    return rows, people.some["account"]
