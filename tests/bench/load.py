"""Runs wrk, looks at what it says, and at the processor time that nginx took meanwhile."""

import contextlib
import glob
import os
import re
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 120  # s; no slice is nearly as long
HASH_NICE = 15  # of the gateway's threads that hash (ngx_module/yield.c)


def cores():
    """nginx's core and the load's; None where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def pinned(core):
    return [] if core is None else ["taskset", "-c", str(core)]


def affinity(core):
    return "" if core is None else f"worker_cpu_affinity {1 << core:b};\n"


def cpu(pid, which=lambda nice: True):
    """Seconds of processor time of a process and its threads, or of the threads of some niceness."""
    spent = 0
    for thread in glob.glob(f"/proc/{pid}/task/*"):
        if which(os.getpriority(os.PRIO_PROCESS, int(os.path.basename(thread)))):
            with open(thread + "/schedstat", encoding="ascii") as file:
                spent += int(file.read().split()[0])  # ns
    return spent / 1e9


def rest(stack):
    """Waits until nginx has nothing left to do: hashes go on when the load that asked for them has gone."""
    workers, before, now = stack.nginx_pids()[1:], -1, 0
    while now - before > 0.005:
        before = sum(map(cpu, workers))
        time.sleep(0.1)
        now = sum(map(cpu, workers))


def wrk(url, script, environment, threads=1, connections=32, seconds=4, core=None):
    return pinned(core) + ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}", "--timeout", "10s",
                           "-s", os.path.join(HERE, script), url], {**os.environ, **environment}


def run(command):
    """What it printed. wrk was seen to spin without an end in its LuaJIT: it gets a second try."""
    line, environment = command
    for _ in range(2):
        try:
            ran = subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            continue
        if ran.returncode != 0:
            raise RuntimeError(f"the load: {ran.stderr or ran.stdout}")
        return ran.stdout
    raise RuntimeError(f"the load did not end within {LIMIT} s")


class Requests:
    """Guarded requests, each with the next session cookie of a file."""

    def __init__(self, stack, core):
        self.stack = stack
        self.core = core
        self.next = {}

    def measure(self, guard, cookies, seconds, connections=32, pause=0, header="", refused=False):
        """{n, took, spent (seconds of nginx's processor time), p50, p99, p999 (ms), bad}"""
        asked = {"BENCH_COOKIES": cookies, "BENCH_PATH": f"/guard-{guard}/file.html",
                 "BENCH_FIRST": str(self.next.get((guard, cookies), 0)), "BENCH_PAUSE": str(pause),
                 "BENCH_HEADER": header}
        if refused:
            asked["BENCH_REFUSED"] = "1"
        worker = self.stack.nginx_pids()[1]
        before = cpu(worker)
        said = run(wrk(self.stack.url, "guard/sessions.lua", asked, connections=connections, seconds=seconds,
                       core=self.core))
        spent = cpu(worker) - before
        n, took, p50, p99, p999, bad = map(int, re.search(r"FIGURES (.*)", said)[1].split())
        self.next[guard, cookies] = self.next.get((guard, cookies), 0) + n  # go on where this ended
        return {"n": n, "took": took / 1e6, "spent": spent, "p50": p50 / 1e3, "p99": p99 / 1e3,
                "p999": p999 / 1e3, "bad": bad}


class Streams:
    """The same over HTTP/2: so many streams a connection; h2load sends one cookie for all of a slice."""

    STREAMS = 10

    def __init__(self, stack, core, port):
        self.stack = stack
        self.core = core
        self.url = f"http://127.0.0.1:{port}"
        self.log = stack.in_run("h2load.log")

    def measure(self, guard, cookie, seconds, connections):
        if os.path.exists(self.log):
            os.unlink(self.log)  # h2load would go on writing behind it
        worker = self.stack.nginx_pids()[1]
        before = cpu(worker)
        said = run((pinned(self.core) + [
            "h2load", "-t1", f"-c{connections}", f"-m{self.STREAMS}", f"-D{seconds}", f"--log-file={self.log}",
            "-H", f"cookie: __Host-kabinet_session={cookie}", f"{self.url}/guard-{guard}/file.html"], None))
        spent = cpu(worker) - before
        with open(self.log, encoding="ascii") as file:
            times = sorted(int(line.split()[2]) for line in file)
        good = int(re.search(r"status codes: (\d+) 2xx", said)[1])
        p50, p99, p999 = (times[int(len(times) * part)] / 1e3 for part in (0.5, 0.99, 0.999))
        return {"n": len(times), "took": seconds, "spent": spent, "p50": p50, "p99": p99, "p999": p999,
                "bad": max(len(times) - good, 0)}


class Logins:
    """Whole sign-ins of the people in a file, from as many connections at a time as are given."""

    def __init__(self, stack, people, connections=16):
        self.stack = stack
        self.people = people
        self.connections = connections

    def command(self, seconds):
        return wrk(self.stack.url, "signin/login.lua", {"BENCH_PEOPLE": self.people}, self.connections,
                   self.connections, seconds)

    def measure(self, seconds):
        """{rate, took (milliseconds of each), bad}; nginx is at rest afterwards"""
        said = run(self.command(seconds))
        rest(self.stack)
        signed, refused, other, took = map(int, re.search(r"LOGINS (.*)", said)[1].split())
        return {"rate": signed / took * 1e6, "bad": refused + other,
                "took": [float(ms) for line in re.findall(r"^TOOK (.*)", said, re.M) for ms in line.split()]}


@contextlib.contextmanager
def beside(command):
    """From a second after it began; waits for its end. Yields its process."""
    line, environment = command
    with subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL) as child:
        time.sleep(1)
        yield child


def hashing(build, threads, seconds):
    """Bare Argon2: as nice as the gateway's threads, without their timer."""
    return ["nice", "-n", str(HASH_NICE), os.path.join(build, "bench-hashes"), "19456", "2", str(threads),
            str(seconds)], None


def hash_bound(build, threads, seconds):
    """Argon2 hashes a second."""
    return float(run(hashing(build, threads, seconds)))
