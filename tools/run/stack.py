"""A whole Kabinet on this machine: PostgreSQL, Redis and nginx of its own, in one folder.

Nothing of the system's own servers is touched. As root everything but nginx's master runs as
`postgres`; as another user everything runs as that user. Data live in the run folder; sockets in a
short temporary one, because their paths end at 107 bytes.
"""

import fcntl
import glob
import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import conf
from conf import REPO, SERVERS_USER
from process import (LOCALHOST, alive, answers, cmdline, end, port_is_free, processes, stat_of, tail,
                     wait_for)


class StackError(Exception):
    """Words for the person who started it."""


class Stack:
    """start() and stop() do all; the others one server each, for tests of failures."""

    def __init__(self, run_dir, port, build="build/release", workers=1, conf_extra="",
                 http_extra="", hash="m=19456 t=2 p=1", demo=True, server_extra="",
                 sandbox=False, main_extra=""):
        self.run_dir = os.path.abspath(run_dir)
        self.port = port
        self.build = os.path.join(REPO, build)
        self.workers = workers
        self.main_extra = main_extra
        self.conf_extra = conf_extra
        self.http_extra = http_extra
        self.server_extra = server_extra
        self.hash = hash
        self.demo = demo
        self.sandbox = sandbox
        self.sandbox_port = port + 1
        self.url = f"http://{LOCALHOST}:{port}"
        self.sandbox_url = f"http://{LOCALHOST}:{self.sandbox_port}"
        self.conf_path = self.in_run("kabinet.conf")
        self.nginx_conf = self.in_run("nginx.conf")
        self.keyring = self.in_run("keyring")
        self.devices = self.in_run("devices")
        self.pids_path = self.in_run("pids")
        self.user = pwd.getpwuid(os.getuid())
        self.as_user = {}
        self.data = self.run_dir  # where the servers' own files are
        self.sockets = self.pg = self.redis_socket = None
        self.children = {}  # name: Popen
        self._lock = None

    # ---- all ------------------------------------------------------------------------------

    def start(self):
        try:
            self.prepare()
            self.start_postgres()
            self.start_redis()
            self.load()
            if self.sandbox:
                self.start_sandbox()
            self.start_nginx()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        """In order; may be called at any moment, and twice."""
        self.stop_nginx("quit", 5)
        self.stop_sandbox()
        self.stop_redis()
        self.stop_postgres()
        if self.sockets:
            shutil.rmtree(self.sockets, ignore_errors=True)
            self.sockets = None
        if self._lock:
            self._forget_pids()
            self._lock.close()
            self._lock = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def dead(self):
        """The name of a server that ended by itself, or None."""
        for name, child in self.children.items():
            if child.poll() is not None:
                return name
        return None

    # ---- the folder -----------------------------------------------------------------------

    def prepare(self):
        """Looks before anything is started: packages, folder, lock, what a crash left, ports."""
        for name in ("kabinetctl", "breached.kbf"):
            if not os.path.exists(os.path.join(self.build, name)):
                raise StackError(f"{os.path.join(self.build, name)} is not built yet: make ctl breach")
        for path in (self.run_dir, REPO, self.build):
            if re.search(r"""["'\\${}\s]""", path):
                raise StackError(f"{path}: choose a folder without spaces, quotes, braces or $")
        self._choose_user()
        os.makedirs(self.in_run("logs"), exist_ok=True)
        self._take_lock()
        self._choose_data()
        self._recover()
        for port in [self.port] + ([self.sandbox_port] if self.sandbox else []):
            if not port_is_free(port):
                raise StackError(f"port {port} is taken; choose another with KABINET_PORT")
        self._make_sockets()
        conf.write(self)
        if not os.path.exists(self.keyring):
            self.ctl("keys", "create", self.keyring, config=False)

    def load(self):
        """Tables, and the demonstration's people the first time."""
        self.ctl("migrate")
        done = self.in_run("demo-loaded")
        if self.demo and not os.path.exists(done):
            demo = os.path.join(REPO, "data", "demo")
            self.ctl("import", "accounts", os.path.join(demo, "accounts.csv"),
                     "--devices", self.devices)
            self.ctl("import", "children", os.path.join(demo, "children.csv"))
            with open(done, "w", encoding="utf-8"):
                pass

    def ctl(self, *args, config=True, check=True):
        """kabinetctl with this configuration; its output."""
        command = [os.path.join(self.build, "kabinetctl")]
        command += ["-c", self.conf_path] if config else []
        ran = subprocess.run(command + list(args), stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, check=False)
        if check and ran.returncode != 0:
            raise StackError(f"kabinetctl {' '.join(args[:2])}: {ran.stderr.strip() or ran.stdout.strip()}")
        return ran.stdout

    def in_run(self, *names):
        return os.path.join(self.run_dir, *names)

    def in_data(self, *names):
        return os.path.join(self.data, *names)

    def log(self, name):
        return self.in_run("logs", name + ".log")

    def _choose_user(self):
        if os.getuid() != 0:
            return
        try:
            self.user = pwd.getpwnam(SERVERS_USER)
        except KeyError:
            raise StackError(f"there is no user {SERVERS_USER}: tools/packages.sh run") from None
        self.as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def reachable(self, path):
        """Whether the servers' user may enter the folder."""
        return subprocess.run(["test", "-r", path, "-a", "-x", path], cwd="/", check=False,
                              **self.as_user).returncode == 0

    def own(self, path, mode=0o700):
        os.makedirs(path, mode, exist_ok=True)
        if self.as_user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        os.chmod(path, mode)

    def _choose_data(self):
        """The run folder, or one in /var/tmp when the servers' user cannot enter that."""
        if self.reachable(self.run_dir):
            return
        name = hashlib.sha256(self.run_dir.encode()).hexdigest()[:16]
        self.data = f"/var/tmp/kabinet-{name}"
        try:
            os.mkdir(self.data, 0o755)
        except FileExistsError:
            found = os.lstat(self.data)  # anybody may write in /var/tmp
            if not os.path.isdir(self.data) or os.path.islink(self.data) or found.st_uid != os.getuid():
                raise StackError(f"{self.data} is in the way: it is somebody else's") from None
        os.chmod(self.data, 0o755)

    def _take_lock(self):
        lock = open(self.in_run("lock"), "a", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise StackError(f"{self.run_dir} is in use by another run; stop it, or choose "
                             "another folder with KABINET_RUN_DIR") from None
        self._lock = lock

    def _make_sockets(self):
        for place in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
            if len(place) < 60 and self.reachable(place):
                self.sockets = tempfile.mkdtemp(prefix="kab.", dir=place)
                break
        else:
            raise StackError("there is no temporary folder that the servers' user can enter")
        self.own(self.sockets)
        self._remember("sockets", self.sockets)
        self.pg = f"host={self.sockets} dbname=kabinet user=kabinet"
        self.redis_socket = os.path.join(self.sockets, "redis.sock")

    # ---- after kill -9 --------------------------------------------------------------------

    def _remember(self, name, value):
        with open(self.pids_path, "a", encoding="utf-8") as file:
            file.write(f"{name} {value}\n")

    def _forget_pids(self):
        try:
            os.unlink(self.pids_path)
        except FileNotFoundError:
            pass

    def _mark(self, name):
        """What the command line of a server of ours holds."""
        return {"postgres": self.in_data("pgdata"), "redis": self.in_data("redis.conf"),
                "nginx": self.nginx_conf, "sandbox": self.log("sandbox")}.get(name)

    def _recover(self):
        """Ends what a killed run left behind, and nothing else."""
        try:
            with open(self.pids_path, encoding="utf-8") as file:
                lines = [line.split(None, 1) for line in file.read().splitlines()]
        except FileNotFoundError:
            lines = []
        for name, value in reversed([line for line in lines if len(line) == 2]):
            if name == "sockets":
                if os.path.basename(value).startswith("kab.") and not os.path.islink(value):
                    shutil.rmtree(value, ignore_errors=True)
            elif self._mark(name) and value.isdigit():
                self._end_stray(name, int(value))
        self._forget_pids()
        # A number in postmaster.pid that now belongs to another program would stop PostgreSQL.
        try:
            with open(self.in_data("pgdata", "postmaster.pid"), encoding="utf-8") as file:
                pid = int(file.readline())
            if alive(pid) and self._mark("postgres") not in cmdline(pid):
                os.unlink(self.in_data("pgdata", "postmaster.pid"))
        except (OSError, ValueError):
            pass

    def _end_stray(self, name, pid):
        if self._mark(name) in cmdline(pid):
            stop = signal.SIGINT if name == "postgres" else signal.SIGTERM
            end(pid, [(stop, 10), (signal.SIGKILL, 5)])
        if name == "nginx":  # workers outlive a killed master; they share its session
            for other in processes():
                found = stat_of(other)
                if found and found[1] == pid and cmdline(other).startswith("nginx: "):
                    end(other, [(signal.SIGTERM, 3), (signal.SIGKILL, 5)])

    # ---- one server -----------------------------------------------------------------------

    def _spawn(self, name, command, as_user, cwd="/"):
        log = open(self.log(name), "ab")
        with log:
            self.children[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd,
                start_new_session=True, **(self.as_user if as_user else {}))
        self._remember(name, self.children[name].pid)
        return self.children[name]

    def _await(self, name, ready):
        child = self.children[name]
        if not wait_for(lambda: ready() or child.poll() is not None) or child.poll() is not None:
            self._stop_child(name, [(signal.SIGKILL, 5)])
            log = self.error_log() if name == "nginx" else ""
            raise StackError(f"{name} did not start:\n{tail(self.log(name))}\n{log[-2000:]}".rstrip())

    def _stop_child(self, name, signals):
        child = self.children.pop(name, None)
        if not child:
            return
        for number, seconds in signals:
            if child.poll() is not None:
                return
            child.send_signal(number)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass

    def _running(self, name):
        child = self.children.get(name)
        return child is not None and child.poll() is None

    def pg_bin(self):
        """The folder of PostgreSQL's programs, of the version that the data are of."""
        try:
            with open(self.in_data("pgdata", "PG_VERSION"), encoding="utf-8") as file:
                version = file.read().strip()
            found = f"/usr/lib/postgresql/{version}/bin"
            if not os.path.exists(os.path.join(found, "postgres")):
                raise StackError(f"{self.data} holds PostgreSQL {version}'s data, and that is not "
                                 "installed; choose another KABINET_RUN_DIR")
            return found
        except FileNotFoundError:
            pass
        found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
        if not found:
            raise StackError("PostgreSQL is missing: tools/packages.sh run")
        return os.path.dirname(max(found, key=lambda path: float(path.split("/")[4])))

    def _initdb(self, bin_dir):
        new = self.in_data("pgdata.new")  # a run killed here begins anew
        shutil.rmtree(new, ignore_errors=True)
        self.own(new)
        ran = subprocess.run(
            [os.path.join(bin_dir, "initdb"), "-D", new, "-U", "kabinet", "--locale=C.UTF-8", "-E",
             "UTF8", "-A", "trust"], capture_output=True, text=True, cwd="/", check=False,
            **self.as_user)
        if ran.returncode != 0:
            raise StackError(f"initdb: {ran.stderr.strip()}")
        os.rename(new, self.in_data("pgdata"))

    def start_postgres(self):
        bin_dir = self.pg_bin()
        if not os.path.exists(self.in_data("pgdata")):
            self._initdb(bin_dir)
        command = [os.path.join(bin_dir, "postgres"), "-D", self.in_data("pgdata"),
                   "-k", self.sockets]
        for setting in ("listen_addresses=", "unix_socket_permissions=0700", "max_connections=200",
                        "dynamic_shared_memory_type=mmap", "logging_collector=off"):
            command += ["-c", setting]

        def ready():
            return subprocess.run([os.path.join(bin_dir, "pg_isready"), "-q", "-h", self.sockets],
                                  check=False).returncode == 0

        for attempt in range(5):  # processes of a killed one take a moment to go
            self._spawn("postgres", command, True)
            try:
                self._await("postgres", ready)
                break
            except StackError:
                if attempt == 4:
                    raise
                time.sleep(1)
        self._make_database(bin_dir)

    def _make_database(self, bin_dir):
        ran = subprocess.run([os.path.join(bin_dir, "createdb"), "-h", self.sockets, "-U", "kabinet",
                              "kabinet"], capture_output=True, text=True, check=False,
                             env={**os.environ, "LC_ALL": "C"})
        if ran.returncode != 0 and "already exists" not in ran.stderr:
            raise StackError(f"createdb: {ran.stderr.strip()}")

    def stop_postgres(self):
        self._stop_child("postgres", [(signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)])

    def start_redis(self):
        self.own(self.in_data("redis"))
        server = shutil.which("redis-server")
        if not server:
            raise StackError("redis-server is missing: tools/packages.sh run")
        path = self.in_data("redis.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"port 0\nunixsocket {self.redis_socket}\nunixsocketperm 700\n"
                       f"dir {self.in_data('redis')}\nappendonly yes\nsave \"\"\n"
                       "maxmemory-policy noeviction\ndaemonize no\nset-proc-title no\n")
        self._spawn("redis", [server, path], True)
        self._await("redis", self._redis_ready)

    def _redis_ready(self):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(1)
            try:
                asking.connect(self.redis_socket)
                asking.sendall(b"PING\r\n")
                return asking.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def stop_redis(self):
        self._stop_child("redis", [(signal.SIGTERM, 10), (signal.SIGKILL, 5)])

    def kill_redis(self):
        self._stop_child("redis", [(signal.SIGKILL, 5)])

    def start_sandbox(self):
        self._spawn("sandbox", [
            sys.executable, os.path.join(REPO, "tools", "sandbox"), "--port", str(self.sandbox_port),
            "--bmg", os.path.join(REPO, "data", "demo", "bmg.csv"), "--log", self.log("sandbox"),
            "--user", self.user.pw_name], False)
        self._await("sandbox", lambda: answers(socket.AF_INET, (LOCALHOST, self.sandbox_port)))

    def stop_sandbox(self):
        self._stop_child("sandbox", [(signal.SIGTERM, 3), (signal.SIGKILL, 5)])

    def start_nginx(self, under=()):
        """under: a program and its arguments that runs nginx, which is one process then."""
        server = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(server):
            raise StackError("nginx is missing: tools/packages.sh run")
        conf.write(self, processes=not under)
        if os.path.lexists(conf.portal_socket(self)):
            os.unlink(conf.portal_socket(self))  # a killed nginx leaves it
        self._spawn("nginx", [*under, server, "-c", self.nginx_conf, "-p", self.run_dir + "/",
                              "-e", self.log("error")], False)
        self._await("nginx", lambda: answers(socket.AF_INET, (LOCALHOST, self.port)) and
                    len(self.nginx_pids()) > (0 if under else 1))

    def reload_nginx(self):
        """Writes the configuration anew and returns when new workers alone are listened to."""
        conf.write(self)
        before = set(self.nginx_pids())
        size = len(self.error_log())
        self.children["nginx"].send_signal(signal.SIGHUP)

        def done():
            if "[emerg]" in self.error_log()[size:]:
                return True
            left = before & set(self.nginx_pids()) - {self.children["nginx"].pid}
            new = set(self.nginx_pids()) - before
            return len(new) >= self.workers and all("shutting down" in cmdline(pid) for pid in left)

        if not wait_for(done) or "[emerg]" in self.error_log()[size:]:
            raise StackError(f"nginx did not reload:\n{self.error_log()[size:]}")

    def stop_nginx(self, how="quit", seconds=10):
        numbers = {"quit": signal.SIGQUIT, "term": signal.SIGTERM}
        self._stop_child("nginx", [(numbers[how], seconds), (signal.SIGTERM, 5), (signal.SIGKILL, 5)])

    def nginx_pids(self):
        """The master first, then whatever it started."""
        if not self._running("nginx"):
            return []
        master = self.children["nginx"].pid
        found = [(pid, stat_of(pid)) for pid in processes()]
        return [master] + sorted(pid for pid, stat in found
                                 if stat and stat[0] == master and stat[2] not in "ZX")

    def error_log(self):
        try:
            with open(self.log("error"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""
