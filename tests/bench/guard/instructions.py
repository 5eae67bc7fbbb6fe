"""What a hit executes above a plain file: no clock, no neighbour disturbs it.

One process of nginx serves N and then 2 N requests of each kind over one connection; what a request
costs is the difference, and what the guard costs the difference of those. User space alone is counted,
in the thread with the loop. callgrind plays a processor without instructions for SHA-256: what the
blocks of a hit cost on this one is counted by itself, step by step, and put in their place. From the header's end on
is counted, where nginx begins to ask modules: what timers do meanwhile is not.
"""

import glob
import http.client
import os
import re
import subprocess

from guard.site_conf import COOKIE

COUNT = 500
BEGIN = "ngx_http_process_request"
BLOCK = "SHA256_Transform"
BLOCKS = 1  # of a hit: the name of the session
MOST = 3000
KINDS = {"plain": "plain", "hit": "kabinet"}


def ask(port, guard, cookie, count):
    plug = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(count):
        plug.request("GET", f"/guard-{guard}/file.html", headers={"Cookie": f"{COOKIE}={cookie}"})
        answer = plug.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{guard} answered {answer.status}")
    plug.close()


def functions(path):
    """{function: instructions} of one dump, without what it calls: a call is told as a line of its own,
    and the next line is what it took. Names are written in full once, then as (number)."""
    names, found = {"fn": {}, "ob": {}}, {}
    at = {"fn": "", "ob": ""}
    with open(path, encoding="utf-8") as file:
        for line in file:
            named = re.match(r"c?(fn|ob)=(\(\d+\))(?: (.*))?$", line)
            if named:
                kind, number, name = named.groups()
                name = names[kind].setdefault(number, name)
                if line[0] != "c":
                    at[kind] = name
            elif line.startswith("calls="):
                next(file)
            elif line[0] in "0123456789+-*":
                key = f"{at['fn']} ({os.path.basename(at['ob'])})"
                found[key] = found.get(key, 0) + int(line.split()[1])
    return found


class Counted:
    """nginx under callgrind; each of its dumps holds what was executed since the one before."""

    def __init__(self, stack):
        self.stack = stack
        self.dumps = stack.in_run("callgrind.out")

    def start(self):
        self.stack.start_nginx(under=["valgrind", "--tool=callgrind", "--separate-threads=yes",
                                      f"--toggle-collect={BEGIN}",
                                      f"--callgrind-out-file={self.dumps}"])

    def dump(self):
        """Of the thread with the loop alone."""
        before = set(glob.glob(self.dumps + ".*-01"))
        subprocess.run(["callgrind_control", "--dump", str(self.stack.children["nginx"].pid)],
                       capture_output=True, check=True)
        new = set(glob.glob(self.dumps + ".*-01")) - before
        if len(new) != 1:
            raise RuntimeError("callgrind wrote no dump")
        return functions(new.pop())

    def served(self, guard, cookie, count):
        self.dump()
        ask(self.stack.port, guard, cookie, count)
        return self.dump()


def minus(a, b, by):
    return {name: (a.get(name, 0) - b.get(name, 0)) / by for name in a.keys() | b.keys()}


def cost(served, cookie, count):
    """{kind: what one request costs}: served() says what so many together cost."""
    found = {}
    for kind, guard in KINDS.items():
        once = served(guard, cookie, count)
        found[kind] = minus(served(guard, cookie, 2 * count), once, count)
    return found


def stepped(build):
    """Instructions of a block of SHA-256 on this processor."""
    return int(subprocess.run([os.path.join(build, "bench-block")], stdout=subprocess.PIPE, check=True).stdout)


def measure(stack, cookie):
    """Instructions of a request, and what a hit adds; functions: the added ones, most first."""
    counted = Counted(stack)
    counted.start()
    for guard in KINDS.values():
        ask(stack.port, guard, cookie, 200)
    each = cost(counted.served, cookie, COUNT)
    stack.stop_nginx("term")
    added = minus(each["hit"], each["plain"], 1)
    plain, hit = (sum(each[kind].values()) for kind in KINDS)
    blocks = sum(count for name, count in added.items() if name.startswith(BLOCK))
    here = stepped(stack.build)
    return {"most": MOST, "plain": plain, "callgrind": hit - plain, "blocks": blocks, "block_here": here,
            "added": hit - plain - blocks + BLOCKS * here,
            "functions": [one for one in sorted(added.items(), key=lambda one: -one[1]) if one[1] >= 1]}
