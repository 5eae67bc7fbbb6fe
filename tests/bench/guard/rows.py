"""Guarded requests beside what a user would take instead, slice by slice in turns.

    make lib module ctl breach bench-build && python3 tests/bench/bench.py guard
"""

import http.client
import statistics
from collections import namedtuple

from guard.site_conf import BASIC
from load import Streams

ROUNDS = 5
CONNECTIONS = (1, 32, 256)
CLOSE = "Connection: close"

# What is asked for, and whose cookies: of few sessions; of more than shared memory holds; of some
# that were ended just before the round, which shared memory knows for longer than that group takes.
Row = namedtuple("Row", "guard cookies header refused", defaults=("", False))
HOT = {
    "plain nginx": Row("plain", "hot"),
    "Kabinet hit": Row("kabinet", "hot"),
    "auth_basic, {SHA}": Row("basic", "hot", BASIC),
    "auth_request to return 200": Row("request", "hot"),
    "lua that returns": Row("lua-noop", "hot"),
    "lua + dictionary + Redis": Row("lua-dict", "hot"),
    "Kabinet, ended session": Row("kabinet", "ended", "", True),
    "Kabinet, no cookie": Row("kabinet", "none", "", True),
}
COLD = {
    "Kabinet miss": Row("kabinet", "cold"),
    "lua + Redis": Row("lua-redis", "cold"),
}
CLOSED = ("plain nginx", "Kabinet hit", "auth_request to return 200", "lua + Redis")
HTTP2 = ("plain nginx", "Kabinet hit")

# (name, row, row it is divided by, connections, least)
RATIOS = [("miss / lua + Redis at 32", "Kabinet miss", "lua + Redis", 32, 1.2),
          ("miss / lua + Redis at 256", "Kabinet miss", "lua + Redis", 256, 1.5)]


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def end_sessions(port, cookies):
    """Signs out."""
    plug = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for cookie in cookies:
        plug.request("DELETE", "/kabinet/api/v1/session", headers={
            "Cookie": "__Host-kabinet_session=" + cookie, "Sec-Fetch-Site": "same-origin"})
        answer = plug.getresponse()
        answer.read()
        if answer.status not in (200, 204):
            raise RuntimeError(f"a session was not ended: {answer.status}")
    plug.close()


def cookies_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.split()[0] for line in file]


def in_turns(names, turn):
    """There, and the next time back, so that whatever drifts meets all alike."""
    return list(names) if turn % 2 == 0 else list(reversed(list(names)))


class Bench:
    """cookies: {"hot", "cold", "none": file; "ended": a file for each round}."""

    def __init__(self, load, http2_port, cookies, say):
        self.load = load
        self.say = say
        self.cookies = cookies
        self.streams = Streams(load.stack, load.core, http2_port)
        self.hot = cookies_of(cookies["hot"])
        self.slices = {}  # {(name, how, connections): [what was measured]}

    def keep(self, name, how, connections, one):
        self.slices.setdefault((name, how, connections), []).append(one)

    def slice(self, name, how, connections, turn):
        row = {**HOT, **COLD}[name]
        files = self.cookies[row.cookies]
        if how == "HTTP/2":
            one = self.streams.measure(row.guard, self.hot[turn % len(self.hot)], 1, connections)
        else:
            one = self.load.measure(row.guard, files[turn] if isinstance(files, list) else files, 1, connections,
                                    header=CLOSE if how == "close" else row.header, refused=row.refused)
        self.keep(name, how, connections, one)

    def warm(self):
        """The rows of misses put the few sessions out of shared memory."""
        for guard in ("kabinet", "lua-dict"):
            self.load.measure(guard, self.cookies["hot"], 1, 1)

    def round(self, turn):
        end_sessions(self.load.stack.port, cookies_of(self.cookies["ended"][turn]))
        self.warm()
        for connections in CONNECTIONS:
            for name in in_turns(HOT, turn):
                self.slice(name, "keep-alive", connections, turn)
            for name in in_turns(HTTP2, turn):
                self.slice(name, "HTTP/2", connections, turn)
        for name in in_turns([name for name in CLOSED if name in HOT], turn):
            self.slice(name, "close", 32, turn)
        for connections in CONNECTIONS:
            for name in (*COLD, *reversed(COLD)):
                self.slice(name, "keep-alive", connections, turn)
        self.slice("lua + Redis", "close", 32, turn)

    def measure(self):
        for turn in range(ROUNDS):
            self.round(turn)
            self.say(f"requests, round {turn + 1} of {ROUNDS}: " + ", ".join(
                f"{name} {found[-1]['n'] / found[-1]['took']:,.0f}/s"
                for (name, how, connections), found in self.slices.items() if (how, connections) == ("keep-alive", 32)))
        return {"rows": [summary(*key, found) for key, found in self.slices.items()],
                "ratios": [self.ratio(*one) for one in RATIOS]}

    def ratio(self, name, above, below, connections, least):
        pairs = zip(self.slices[above, "keep-alive", connections], self.slices[below, "keep-alive", connections])
        return {"name": name, "least": least, **spread([rate(a) / rate(b) for a, b in pairs])}


def rate(one):
    return one["n"] / one["took"]


def summary(name, how, connections, found):
    """A line of the table: the median of the slices, and the lowest and highest."""
    return {"row": name, "how": how, "connections": connections, "rate": spread([rate(one) for one in found]),
            "p50_ms": spread([one["p50"] for one in found]), "p99_ms": spread([one["p99"] for one in found]),
            "p999_ms": spread([one["p999"] for one in found]),
            "cpu_us": spread([one["spent"] / one["n"] * 1e6 for one in found]),
            "n": sum(one["n"] for one in found), "bad": sum(one["bad"] for one in found)}
