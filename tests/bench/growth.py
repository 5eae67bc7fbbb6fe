"""`make bench-growth`: what look-ups and guarded requests cost as accounts and sessions become many.

The sizes come from $KABINET_BENCH_ACCOUNTS and $KABINET_BENCH_SESSIONS. Everything is real: imported
people with sealed IINs, live sessions. The import of children takes most of the time, so the sizes are
small ones unless others are asked for.
"""

import json
import os
import random
import subprocess
import time

from bench import SETTINGS, serve, session_key, write
from guard.site_conf import write_files
from load import Requests, cores
from people import iins
from stand import ROOT, private_stack

ACCOUNTS = [int(n) for n in os.environ.get("KABINET_BENCH_ACCOUNTS", "1000 20000").split()]
SESSIONS = [int(n) for n in os.environ.get("KABINET_BENCH_SESSIONS", "1000 30000").split()]
SAMPLE = 20000
SECONDS = 5
BEGUN = time.monotonic()
ZONE = "32m"


def say(text):
    print(f"[{time.monotonic() - BEGUN:4.0f} s] {text}", flush=True)


def ask(stack, query):
    ran = subprocess.run(["psql", "-qAtd", stack.pg, "-c", query], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


class People:
    """Accounts that become more and more, each with a child in the queue, and a few of either at hand."""

    def __init__(self, stack):
        self.stack = stack
        self.dice = random.Random(20261121)
        self.all = iins(self.dice, 2 * max(ACCOUNTS))
        self.n = 0
        self.some = {"account": [], "child": []}

    def keep(self, kind, iin):
        kept = self.some[kind]
        if len(kept) < SAMPLE:
            kept.append(iin)
        elif self.dice.random() < SAMPLE / self.n:
            kept[self.dice.randrange(SAMPLE)] = iin

    def grow(self, n):
        files = [os.path.join(self.stack.run_dir, name) for name in ("people.csv", "children.csv")]
        with open(files[0], "w", encoding="utf-8") as people, open(files[1], "w", encoding="utf-8") as children:
            people.write("iin,phone,locale,password,device\n")
            children.write("child_iin,birth_certificate,parent1_iin,parent2_iin,attendance,guardian_iin\n")
            while self.n < n:
                self.n += 1
                parent, child = next(self.all), next(self.all)
                people.write(f"{parent},+7701{self.n % 10**7:07},ru,,no\n")
                children.write(f"{child},{self.n:07},{parent},,queue,{parent}\n")
                self.keep("account", parent)
                self.keep("child", child)
        self.stack.ctl("import", "accounts", files[0])
        self.stack.ctl("import", "children", files[1])
        ask(self.stack, "VACUUM ANALYZE")

    def look_up(self, kind):
        path = write(os.path.join(self.stack.run_dir, "some"), self.some[kind])
        with open(path, encoding="utf-8") as some:
            said = subprocess.run([os.path.join(self.stack.build, "bench-lookups"), self.stack.conf_path, kind,
                                   str(SECONDS)], stdin=some, capture_output=True, text=True, check=True).stdout
        return dict(zip(("rate", "median", "p99"), map(float, said.split())))


def accounts(stack):
    people, rows = People(stack), []
    for n in ACCOUNTS:
        people.grow(n)
        row = {"n": n, "bytes": int(ask(stack, "SELECT pg_total_relation_size('account')"))}
        for kind in ("account", "child"):
            row[kind] = people.look_up(kind)
        rows.append(row)
        say(f"{n:>10,} accounts of {row['bytes'] / n:,.0f} bytes: " + "; ".join(
            f"{kind} {row[kind]['rate']:,.0f}/s, median {row[kind]['median']:.3f} ms, p99 {row[kind]['p99']:.3f} ms"
            for kind in ("account", "child")))
    return rows, people.some["account"]


def redis_bytes(stack):
    ran = subprocess.run(["redis-cli", "-s", stack.redis_socket, "INFO", "memory"], capture_output=True, text=True,
                         check=True).stdout
    return int(ran.split("used_memory:")[1].split()[0])


def sessions(stack, people):
    """Guarded requests of a few sessions and of any of them, beside so many live ones."""
    nginx_core, load_core = cores()
    empty, made, rows = redis_bytes(stack), [], []
    for n in SESSIONS:
        some = people[:max(1, min(len(people), n // 100))]
        said = subprocess.run([os.path.join(stack.build, "bench-sessions"), stack.conf_path,
                               str(max(1, (n - len(made)) // len(some))), *some],
                              capture_output=True, text=True, check=True).stdout.split()
        made += said
        any_of_them = random.Random(n).sample(made, min(SAMPLE, len(made)))
        files = {name: write(os.path.join(stack.run_dir, name), [f"{one} {session_key(one)}" for one in cookies])
                 for name, cookies in (("hot", made[:200]), ("any", any_of_them))}
        serve(stack, ZONE, nginx_core)
        load = Requests(stack, load_core)
        row = {"n": len(made), "redis": (redis_bytes(stack) - empty) / len(made)}
        for guard, name in (("plain", "hot"), ("kabinet", "hot"), ("kabinet", "any")):
            load.measure(guard, files[name], 1)
            found = load.measure(guard, files[name], SECONDS)
            row[guard + " " + name] = {"rate": found["n"] / found["took"], "p99": found["p99"], "bad": found["bad"]}
        rows.append(row)
        say(f"{len(made):>10,} sessions of {row['redis']:,.0f} bytes in Redis: " + "; ".join(
            f"{name} {row[name]['rate']:,.0f}/s" for name in ("plain hot", "kabinet hot", "kabinet any")))
    return rows


def main():
    with private_stack(conf_extra=SETTINGS.format(zone=ZONE)) as stack:
        write_files(stack.run_dir + "/www")
        found, people = accounts(stack)
        result = {"accounts": found, "sessions": sessions(stack, people)}
    path = os.path.join(ROOT, "build", "growth.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    say(f"written to {os.path.relpath(path)}")


if __name__ == "__main__":
    main()
