"""`make run` as a newcomer has it: two side by side, stopped by a signal, started again with the data."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

from support import BUILD, Browser, free_port, until

ROOT = pathlib.Path(__file__).resolve().parent.parent
IIN = "880314493312"
NEW = "Altyn-Kun#2027zhol"


class Demo:
    """One `make run`, without the part that builds."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.begun = time.monotonic()
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tools" / "run")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=ROOT, env={**os.environ, "KABINET_RUN_DIR": str(folder), "KABINET_PORT": str(port),
                                      "KABINET_BUILD": BUILD})
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Stop:"):
                return
        raise AssertionError(self.said)

    def children(self):
        """Every process that names this run's folder, and what they started."""
        found = subprocess.run(["pgrep", "-f", re.escape(str(self.folder)) + r"(/|\b)"], capture_output=True,
                               text=True, check=False)
        return [int(pid) for pid in found.stdout.split() if int(pid) != os.getpid()]

    def sign_in(self, password):
        browser = Browser(self.port)
        until(lambda: browser.get("/health").status == 200)
        return browser, browser.sign_in(IIN, password)

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        assert self.process.wait(30) == 0
        until(lambda: not self.children(), what=f"left behind: {self.children()}")


@pytest.fixture
def place(tmp_path_factory):
    """A folder that the servers' user may enter."""
    folder = tmp_path_factory.mktemp("run")
    for part in (folder, *folder.parents):
        if str(part).startswith(str(tmp_path_factory.getbasetemp().parent)):
            part.chmod(0o755)
    return folder


def told_to_re_register(demo, iin):
    """The flow of who follows the words, up to the app."""
    number, child, certificate, first, second, attendance = re.search(
        rf"{iin}[^+\n]+(\+\d+)[^:]*:\s*child (\d+), certificate ([^,]+),\s*parents (\d+) and (\d+), (\w+)",
        demo.said).groups()
    browser = Browser(demo.port)
    browser.begin(kind="reregistration")
    for name, body in (("begin", {}), ("evidence", {
            "child_iin": child, "birth_certificate": certificate, "parent1_iin": first, "parent2_iin": second,
            "attendance": attendance}), ("confirm", {}), ("contact", {"iin": iin, "phone": number})):
        answer = browser.step(name, body)
        assert answer.status == 200, answer.body
    return answer.json["state"]


def test_two_side_by_side(place):
    first = Demo(place / "one", free_port())
    second = Demo(place / "two", free_port())
    try:
        password = re.search(rf"{IIN}\s+(\S+)", first.said)[1]
        for demo in (first, second):
            assert f"http://127.0.0.1:{demo.port}/" in demo.said
            browser, answer = demo.sign_in(password)
            assert answer.status == 200
            page = browser.get("/")
            assert page.status == 200 and b"88********12" in page.body
            assert set(browser.api("GET", "/meta").json["stores"]) == {"google", "apple"}
            assert Browser(demo.port + 1).get("/sandbox/messages").json == []
            assert told_to_re_register(demo, "950418490715") == "activate"
            assert told_to_re_register(demo, "860922390740") == "code"
            hosts = re.findall(rf"http://(\w+)\.localhost:{demo.port}/", demo.said)
            assert len(hosts) == 5
            for name in hosts:
                page = browser.get("/kabinet/login", headers={"Host": f"{name}.localhost:{demo.port}"})
                assert name.upper().encode() in page.body
    finally:
        first.stop()
        assert Browser(second.port).get("/kabinet/login").status == 200, "the other one lives on"
        second.stop(signal.SIGINT)


def test_a_second_start_keeps_the_data(place):
    demo = Demo(place / "run", free_port())
    try:
        browser, answer = demo.sign_in(re.search(rf"{IIN}\s+(\S+)", demo.said)[1])
        old = re.search(rf"{IIN}\s+(\S+)", demo.said)[1]
        changed = browser.api("POST", "/password", {"current_password": old, "password": NEW, "password_repeat": NEW})
        assert changed.status == 204
    finally:
        demo.stop()
    again = Demo(place / "run", demo.port)
    try:
        assert again.sign_in(NEW)[1].status == 200
        assert browser.get("/").status == 200, "a session outlives a restart"
    finally:
        again.stop()


def test_a_killed_run_is_cleared_away(place):
    demo = Demo(place / "run", free_port())
    demo.process.kill()
    demo.process.wait(10)
    assert demo.children(), "its servers are orphans now"
    again = Demo(place / "run", demo.port)
    assert again.sign_in(re.search(rf"{IIN}\s+(\S+)", again.said)[1])[1].status == 200
    again.stop()


def test_the_same_folder_is_not_run_twice(place):
    demo = Demo(place / "run", free_port())
    try:
        with pytest.raises(AssertionError, match="in use by another run"):
            Demo(place / "run", free_port())
    finally:
        demo.stop()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_servers_do_not_run_as_root(place):
    demo = Demo(place / "run", free_port())
    try:
        as_root = [pid for pid in demo.children() if os.stat(f"/proc/{pid}").st_uid == 0]
        words = [pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0] for pid in as_root]
        assert len(words) == 1 and words[0].startswith(b"nginx: master"), words
    finally:
        demo.stop()
