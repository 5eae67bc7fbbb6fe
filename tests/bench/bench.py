"""`make bench`: figures beside what they ought to be. A missed target is said, never an error.

Absolute figures are this machine's; what counts are the ratios, whose two sides were measured in
turns. All servers are private ones in a temporary folder.
"""

import base64
import hashlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
import urllib.request

from stand import ROOT, free_port, private_stack, until  # first: it adds folders to the path

from guard import instructions, memory, plot, twins
from guard.rows import ROUNDS, Bench, spread
from guard.site_conf import LUA_HTTP, http2, locations, lua_modules, write_files
from load import Logins, Requests, affinity, cores, hash_bound
from people import iins
from recovery import outbox, parked, slow_bmg
from signin import ends, least, parts, steps, storm
from signin.timing import known_and_unknown
from table import table

HERE = os.path.dirname(os.path.abspath(__file__))
TURNS = 6  # of what is compared one after the other
SIGN_IN_TURNS, SIGN_IN_S = 8, 4  # seconds: what is under way at the end of a turn counts for neither side
SESSIONS, HOT, ENDED = 30000, 200, 60
PEOPLE = 150
THREADS = 2
PASSWORD = "Kabinet!Bench2026"
SETTINGS = ("kabinet_zone kabinet {zone};\nkabinet_threads db=8 hash=%d;\n"
            "kabinet_session max=100;\n"
            "kabinet_throttle login free=20 off=100 address=1000000 carrier=1000000;\n" % THREADS)
RAW_GRID = "kabinet_unsafe on;\nkabinet_password_hash argon2id m=19456 t=2 p=1 grid=1ms;\n"

BEGUN = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - BEGUN:4.0f} s] {text}", flush=True)


# ---- what the rows need ------------------------------------------------------------------------

def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return path


def phone_numbers(people):
    return [(iin, f"+7701{i:07}") for i, iin in enumerate(people)]


def make_people(stack):
    """Accounts with real hashes; the file for the load, others that exist, ones that do not. Whoever signs
    in here has few sessions, as people have: the many of the guard's rows are the others'."""
    every = list(iins(random.Random(7), 3 * PEOPLE))
    known, unknown, signing_in = every[:PEOPLE], every[PEOPLE:2 * PEOPLE], every[2 * PEOPLE:]
    rows = write(stack.run_dir + "/people.csv", ["iin,phone,locale,password,device"] + [
        f"{iin},{phone},ru,{PASSWORD},no" for iin, phone in phone_numbers(known + signing_in)])
    stack.ctl("import", "accounts", rows)
    return write(stack.run_dir + "/people", [f"{iin} {PASSWORD}" for iin in signing_in]), known, unknown


def session_key(cookie):
    """What the session is called in Redis: the hash of the random part (core/identity/key/token.c)."""
    raw = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    return base64.urlsafe_b64encode(hashlib.sha256(raw[2:34]).digest()).decode().rstrip("=")


def make_sessions(stack, people):
    """The files of many sessions and of the few that shared memory can hold."""
    made = subprocess.run([os.path.join(stack.build, "bench-sessions"), stack.conf_path,
                           str(SESSIONS // len(people)), *people],
                          stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    lines = [f"{cookie} {session_key(cookie)}" for cookie in made]
    live, rest = lines[:-ENDED * ROUNDS], lines[-ENDED * ROUNDS:]
    ended = [write(f"{stack.run_dir}/ended{i}", rest[i * ENDED:][:ENDED]) for i in range(ROUNDS)]
    return {"cold": write(stack.run_dir + "/cold", live), "hot": write(stack.run_dir + "/hot", live[:HOT]),
            "none": write(stack.run_dir + "/none", ["- -"]), "ended": ended}


def keep_copies(stack):
    """Copies live a minute; for the bench Redis keeps them, so that a miss stays Redis' to answer."""
    script = "local n = 0 for _, k in ipairs(redis.call('KEYS', 'kabinet:*:s')) do " \
             "n = n + redis.call('PERSIST', k) end return n"
    ran = subprocess.run(["redis-cli", "-s", stack.redis_socket, "EVAL", script, "0"],
                         capture_output=True, text=True, check=True)
    return int(ran.stdout.split()[-1])


def serve(stack, zone, core=None, lua=False, more="", main="", http="", server=""):
    """A new nginx with these settings; with Lua, the rows' locations too."""
    stack.stop_nginx("term")
    stack.conf_extra = SETTINGS.format(zone=zone) + more
    stack.main_extra = affinity(core) + (lua_modules() if lua else "") + main
    stack.http_extra = (LUA_HTTP if lua else "") + http
    stack.server_extra = locations(stack.run_dir + "/www", stack.redis_socket, lua) + server
    stack.start_nginx()
    until(lambda: steps.healthy(stack), 15, "nginx is not healthy")


def counters(stack):
    with urllib.request.urlopen(stack.url + "/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines if line[0] != "#")}


# ---- the figures -------------------------------------------------------------------------------

def warm(load, cookies):
    """Redis gets a copy of each session, as it has of those in use."""
    held = 0
    while held < SESSIONS * 0.98:
        load.measure("kabinet", cookies["cold"], 3)
        held += keep_copies(load.stack)
        say(f"warm pass: Redis holds {held:,} copies")


def guarded(stack, people, nginx_core, load_core):
    say(f"making {SESSIONS:,} sessions")
    cookies, port = make_sessions(stack, people), free_port()
    serve(stack, "1m", nginx_core, lua=True, server=http2(port))
    load = Requests(stack, load_core)
    warm(load, cookies)
    before = counters(stack)
    found = Bench(load, port, cookies, say).measure()
    after = counters(stack)
    missed, lane = (after[f"kabinet_guard_misses_{name}"] - before[f"kabinet_guard_misses_{name}"]
                    for name in ("total", "lane_total"))
    found["shares"] = {"missed": missed / sum(row["n"] for row in found["rows"] if row["row"] == "Kabinet miss"),
                       "lane": lane / max(missed, 1)}
    with open(cookies["hot"], encoding="utf-8") as file:
        some = [line.split() for line in file]
    found["bytes"] = {"shared": memory.shared(1 << 20, after), "redis": memory.redis(stack, some[:20])}
    serve(stack, "1m", nginx_core, lua=True)
    found["ratios"] = twins.measure(stack, load_core, cookies, say) + found["ratios"]
    say("counting instructions")
    serve(stack, "16m")
    stack.stop_nginx("term")
    found["instructions"] = instructions.measure(stack, some[0][0])
    return found, cookies


def logins(stack, people):
    load = Logins(stack, people)
    load.measure(2)
    rates, bounds, each, bad = [], [], [], 0
    for i in range(SIGN_IN_TURNS):
        bounds.append(hash_bound(stack.build, THREADS, SIGN_IN_S))
        before = parts.parts(stack)
        one = load.measure(SIGN_IN_S)
        each.append(parts.since(stack, before, len(one["took"])))
        rates.append(one["rate"])
        bad += one["bad"]
        say(f"logins, turn {i + 1} of {SIGN_IN_TURNS}: {rates[-1]:.1f}/s, the hashes alone {bounds[-1]:.1f}/s")
    return {"rate": spread(rates), "bound": spread(bounds), "bad": bad,
            "parts": {name: spread([one[name] for one in each]) for name in each[0]},
            "ratio": spread([rate / bound for rate, bound in zip(rates, bounds)])}


def api(stack, people, cookies):
    """Steps that hash nothing, starts, and how soon an end is known; two workers for two cores."""
    stack.workers = 2
    serve(stack, "16m")
    steps.steps(stack, people, 1)
    turns = [steps.steps(stack, people, 4) for _ in range(TURNS)]
    say(f"API steps: {statistics.median(turn['rate'] for turn in turns):,.0f}/s")
    stack.workers = 1
    starts = [steps.start(stack) for _ in range(2 * TURNS)]
    with open(cookies, encoding="utf-8") as file:
        ended = ends.measure(stack, [line.split()[0] for line in file])
    say(f"ended sessions are refused elsewhere after {spread(ended['heard'])['max']:.1f} ms at most")
    return {"rate": spread([turn["rate"] for turn in turns]), "bad": sum(turn["bad"] for turn in turns),
            "start": spread(starts), "heard": spread(ended["heard"]), "away": spread(ended["away"])}


def polls(stack, cookies):
    """Guarded requests at the same pace, alone and while browsers wait in long polls."""
    serve(stack, "16m", main=parked.room(parked.COUNT), http=parked.BUFFER)
    load = Requests(stack, None)
    found = parked.guarded(stack, lambda: load.measure("kabinet", cookies, 2, pause=10)["p99"], say)
    return {"kib": found["kib"], "idle": spread(found["idle"]), "parked": spread(found["parked"]),
            "ratio": spread([b / a for a, b in zip(found["idle"], found["parked"])])}


def slow_questions(stack, people, phones):
    """Whole sign-ins, alone and while questions wait for a slow state base; one p99 of all turns each."""
    serve(stack, "16m")
    turns = slow_bmg.measure(stack, people, phones, say)
    p99 = {name: slow_bmg.p99([ms for turn in turns for ms in turn[name]]) for name in ("without", "with")}
    return {**p99, "ratio": p99["with"] / p99["without"], "n": sum(len(turn["with"]) for turn in turns),
            "turns": spread([slow_bmg.p99(turn["with"]) / slow_bmg.p99(turn["without"]) for turn in turns])}


def messages(stack):
    """What waits in the outbox, to its end, and through a kill of nginx."""
    rates = []
    for i in range(outbox.TURNS):
        found = outbox.drain(stack)
        rates.append(found["rate"])
        say(f"outbox, turn {i + 1} of {outbox.TURNS}: {rates[-1]:,.0f} messages/s, "
            f"{found['lost']} lost, {found['doubled']} doubled")
    away = outbox.drain(stack, outbox.COUNT // 2, outbox.AWAY)["rate"]
    kill = outbox.killed(stack)
    say(f"outbox, killed after {kill['before']} of {outbox.COUNT}: {kill['lost']} lost, "
        f"{kill['doubled']} doubled, {kill['repeated']} sent again and told apart by their keys")
    return {"rate": spread(rates), "away": away, "count": outbox.COUNT, "killed": kill}


def imports(build):
    ran = subprocess.run([os.path.join(ROOT, "tests", "with-servers.sh"), os.path.join(HERE, "import.sh"),
                          os.path.join(build, "kabinetctl")], cwd=ROOT, capture_output=True, text=True, check=True)
    new, again = map(float, re.findall(r"; ([0-9.]+) s", ran.stdout))
    return {"new_s": new, "again_s": again}


def measure(stack, only):
    nginx_core, load_core = cores()
    result = {"cores": os.cpu_count()}
    people, known, unknown = make_people(stack)
    write_files(stack.run_dir + "/www")
    result["guard"], cookies = guarded(stack, known, nginx_core, load_core)
    if only == "guard":
        return result
    serve(stack, "16m")
    result["logins"] = logins(stack, people)
    result["least"] = least.measure(stack, cookies["hot"], THREADS)
    result["storm"] = storm.measure(stack, people, cookies["hot"], THREADS, say)
    say("password step: who exists, who does not")
    result["grid_250ms"] = known_and_unknown(stack.port, known[:41], unknown[:41])
    serve(stack, "16m", more=RAW_GRID)
    result["grid_1ms"] = known_and_unknown(stack.port, known[41:], unknown[41:])
    result["api"] = api(stack, people, cookies["cold"])
    result["polls"] = polls(stack, cookies["hot"])
    stack.start_sandbox()
    result["slow_bmg"] = slow_questions(stack, people, phone_numbers(known))
    result["outbox"] = messages(stack)
    stack.stop_sandbox()
    stack.stop_nginx("term")
    say("importing 100,000 accounts, twice")
    result["import"] = imports(stack.build)
    return result


def main():
    say("starting PostgreSQL and Redis")
    with private_stack(conf_extra=SETTINGS.format(zone="16m")) as stack:
        result = measure(stack, sys.argv[1] if sys.argv[1:] else None)
    print(table(result))
    for name, text in (("bench.json", json.dumps(result, indent=1)), ("bench.svg", plot.svg(result["guard"]))):
        path = os.path.join(ROOT, "build", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        say(f"written to {os.path.relpath(path)}")


if __name__ == "__main__":
    main()
