"""Guarded requests as live sessions become many, all of them real."""

import contextlib
import os
import random
import subprocess
import tempfile

from bench import keep_copies, serve, session_key, write
from load import Requests, cores

CHUNK = 20000  # made in less than the minute that a copy in Redis lives
EACH = 20      # of one account at a time
ANY = 100000   # so many of them are asked for, at random
SECONDS = 8
NODE = 140     # bytes of shared memory that suffice for one
SMALLEST = 8000  # sessions that a zone of 1m holds

# What is asked for, by which sessions, in a zone for all of them or in the smallest.
ROWS = {"plain": ("plain", "any", True), "hit, few": ("kabinet", "few", True),
        "hit, any": ("kabinet", "any", True), "miss": ("kabinet", "any", False)}


def redis_bytes(stack):
    ran = subprocess.run(["redis-cli", "-s", stack.redis_socket, "INFO", "memory"], capture_output=True, text=True,
                         check=True).stdout
    return int(ran.split("used_memory:")[1].split()[0])


def cookies_file(stack, name, cookies):
    return write(os.path.join(stack.run_dir, name), [f"{one} {session_key(one)}" for one in cookies])


class Sessions:
    def __init__(self, stack, people):
        self.stack = stack
        self.people = people
        self.made = []
        self.empty = redis_bytes(stack)

    def make(self, n, people):
        """So many of each, by two processes; their cookies."""
        with contextlib.ExitStack() as files:
            making = []
            for i in range(2):
                said = files.enter_context(tempfile.TemporaryFile("w+"))
                command = [os.path.join(self.stack.build, "bench-sessions"), self.stack.conf_path, str(n), *people[i::2]]
                making.append((subprocess.Popen(command, stdout=said), said))
            for process, said in making:
                if process.wait() != 0:
                    raise RuntimeError("sessions were not made")
                said.seek(0)
                yield from said.read().split()

    def grow(self, n):
        """Copies in Redis live a minute; these are kept, as those of people who go on are."""
        while len(self.made) < n:
            part = min(CHUNK, n - len(self.made))
            some = random.Random(len(self.made)).sample(self.people, part // EACH)
            self.made += self.make(EACH, some)
            keep_copies(self.stack)

    def visit(self, load):
        """Each once, so that shared memory knows it."""
        for at in range(0, len(self.made), CHUNK):
            part = self.made[at:at + CHUNK]
            path, seen = cookies_file(self.stack, f"part{at}", part), 0
            while seen < len(part):
                seen += load.measure("kabinet", path, 2)["n"]

    def measure(self, roomy, files):
        nginx_core, load_core = cores()
        serve(self.stack, f"{len(self.made) * NODE // 2**20 + 4}m" if roomy else "1m", nginx_core)
        load = Requests(self.stack, load_core)
        if roomy:
            self.visit(load)
        found = {}
        for name, (guard, cookies, room) in ROWS.items():
            if room == roomy:
                load.measure(guard, files[cookies], 2)
                one = load.measure(guard, files[cookies], SECONDS)
                found[name] = {"rate": one["n"] / one["took"], "p99": one["p99"], "bad": one["bad"],
                               "us": one["spent"] / one["n"] * 1e6}
        return found

    def row(self):
        files = {"few": cookies_file(self.stack, "few", self.made[:200]),
                 "any": cookies_file(self.stack, "any", random.Random(len(self.made)).sample(
                     self.made, min(ANY, len(self.made))))}
        row = {"n": len(self.made), "redis": (redis_bytes(self.stack) - self.empty) / len(self.made)}
        row |= self.measure(True, files)
        if row["n"] > 2 * SMALLEST:
            row |= self.measure(False, files)
        return row


def measure(stack, sizes, people, say):
    sessions, rows = Sessions(stack, people), []
    for n in sizes:
        sessions.grow(n)
        say(f"{len(sessions.made):>10,} sessions made")
        row = sessions.row()
        rows.append(row)
        say(f"{row['n']:>10,} sessions of {row['redis']:,.0f} bytes in Redis: " + "; ".join(
            f"{name} {row[name]['rate']:,.0f}/s, {row[name]['us']:.1f} µs" for name in ROWS if name in row))
    return rows
