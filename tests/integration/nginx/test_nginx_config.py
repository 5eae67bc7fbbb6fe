"""nginx does not start on what is wrong, and says which directive it is; a reload keeps what runs."""

import gzip
import os
import shutil
import signal
import subprocess

import pytest
from stack import StackError

from inflight import PAGE, Watch

from support import ROOT, until

KNOWN = "880314493312"


def refused(stack, conf="", server="", http=""):
    """What `nginx -t` says, and nginx itself when it is started all the same."""
    stack.conf_extra, stack.server_extra, stack.http_extra, stack.workers = conf, server, http, 1
    before = len(stack.error_log())
    with pytest.raises(StackError):
        stack.start_nginx()
    assert stack.nginx_pids() == []
    said = [line for line in stack.error_log()[before:].splitlines() if "[emerg]" in line]
    assert len(said) == 1, said
    tested = subprocess.run(["/usr/sbin/nginx", "-t", "-c", stack.nginx_conf, "-p", stack.run_dir + "/"],
                            capture_output=True, text=True, check=False)
    assert tested.returncode == 1
    words = said[0].split(": ", 1)[1]
    assert words.split(" in /")[0] in tested.stderr
    return words


@pytest.fixture
def still(stack):
    """Everything but nginx runs."""
    stack.stop_nginx("term")
    return stack


@pytest.mark.parametrize("conf, directive, words", [
    ("kabinet_zone kabinet 64k;", "kabinet_zone", "out of range"),
    ("kabinet_zone kabinet;kabinet_zone other;", "kabinet_zone", "stands twice"),
    ("kabinet_threads db=0;", "kabinet_threads", "db="),
    ("kabinet_threads speed=9;", "kabinet_threads", "speed"),
    ("kabinet_redis localhost;", "kabinet_redis", "localhost"),
    ("kabinet_origin http://cabinet.example.kz;", "kabinet_origin", "https"),
    ("kabinet_password_policy min_length=8;", "kabinet_password_policy", "min_length"),
    ("kabinet_password_policy min_length=12;", "kabinet_password_policy", "breach_list= is missing"),
    ("kabinet_password_policy breach_list=/none/at.kbf;", "kabinet_password_policy", "/none/at.kbf"),
    ("kabinet_password_hash argon2id m=4096 t=1;", "kabinet_password_hash", "weak"),
    ("kabinet_password_hash bcrypt;", "kabinet_password_hash", "bcrypt"),
    ('kabinet_consent terms required version=1 "file=/none/{lang}.txt";', "kabinet_consent", "/none/"),
    ("kabinet_session idle=9h total=8h;", "kabinet_session", "idle="),
    ("kabinet_throttle login free=9 off=101;", "kabinet_throttle", "off="),
    ("kabinet_place $no_such_variable;", "", "no_such_variable"),
    ("kabinet_place somewhere;", "kabinet_place", "variable"),
    ("kabinet_store google=http://play.google.com/;", "kabinet_store", "give https://HOST"),
    ("kabinet_unsafe perhaps;", "kabinet_unsafe", "perhaps"),
    ("kabinet_networks carrier file=/none/carriers;", "kabinet_networks", "/none/carriers"),
    ("kabinet_operators file=/none/operators;", "kabinet_operators", "/none/operators: no such file"),
    ("kabinet_mask file=/none/mask;", "kabinet_mask", "/none/mask: no such file"),
    ("kabinet_retention audit=2y;", "kabinet_retention", "give 3y to 20y"),
    ("kabinet_iin_check maybe;", "kabinet_iin_check", "give strict or warn"),
    ("kabinet_keyring /none/keyring;", "kabinet_keyring", "/none/keyring"),
    ("kabinet_nonsense on;", "kabinet_nonsense", "unknown directive"),
    ("kabinet_protect perhaps;", "perhaps", "invalid value"),
])
def test_a_wrong_directive_is_named(still, conf, directive, words):
    said = refused(still, conf)
    assert directive in said
    assert words in said


def damaged(path, source, change, mode=0o600):
    with open(source, "rb") as file:
        data = bytearray(file.read())
    change(data)
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_whom_the_operators_file_names(still, tmp_path):
    path = tmp_path / "operators"
    for text, mode, words in (("aigul 880314493312\n", 0o644, "others may read it"),
                              ("aigul 880314493312\n\nberik\n", 0o640, "operators: line 3: no IIN")):
        path.write_text(text)
        path.chmod(mode)
        said = refused(still, f"kabinet_operators file={path};")
        assert "kabinet_operators" in said and words in said and "880314493312" not in said


def flip(data):
    data[len(data) // 2] ^= 1


def cut(data):
    del data[len(data) // 2:]


def test_a_damaged_file_is_named(still, tmp_path):
    ring, list_ = still.keyring, os.path.join(still.build, "breached.kbf")
    for number, (directive, source, change, mode, words) in enumerate((
            ("kabinet_keyring", ring, lambda data: None, 0o644, "kabinet_keyring: "),
            ("kabinet_keyring", ring, cut, 0o600, "kabinet_keyring: "),
            ("kabinet_keyring", ring, bytearray.clear, 0o600, "kabinet_keyring: "),
            ("kabinet_password_policy breach_list=", list_, flip, 0o644, "kabinet_password_policy: "),
            ("kabinet_password_policy breach_list=", list_, cut, 0o644, "kabinet_password_policy: "),
            ("kabinet_password_policy breach_list=", list_, bytearray.clear, 0o644,
             "kabinet_password_policy: "))):
        path = damaged(tmp_path / f"file{number}", source, change, mode)
        gap = "" if directive.endswith("=") else " "
        said = refused(still, f"{directive}{gap}{path};")
        assert words in said and str(path) in said
    for lang in ("ru", "kk"):
        (tmp_path / f"terms.{lang}.txt").write_text("Text.", encoding="utf-8")
    said = refused(still, f'kabinet_consent terms required version=1 "file={tmp_path}/terms.{{lang}}.txt";')
    assert "kabinet_consent" in said and "terms.en.txt" in said


@pytest.mark.parametrize("server, words", [
    ("location /a { kabinet_gateway web=/none; }", 'kabinet_gateway: cannot read the folder "/none"'),
    (f"location /a {{ kabinet_gateway web={ROOT}/web; kabinet_gateway; }}", "kabinet_gateway"),
    ("location /a { kabinet_gateway pages=/x; }", "kabinet_gateway"),
    ("kabinet_keyring /x;", "kabinet_keyring"),
    ("kabinet_metrics;", "kabinet_metrics"),
])
def test_a_wrong_place_is_named(still, server, words):
    assert words in refused(still, server=server)


def test_a_page_is_made_of_parts(gateway, tmp_path):
    browser = gateway.browser()
    page = browser.get("/kabinet/recovery").body.decode()
    for name in ("activate", "code", "password", "resend"):
        part = (ROOT / "web" / f"part-{name}.html").read_text(encoding="utf-8").strip()
        assert page.count(part) == 1
        assert browser.get(f"/kabinet/part-{name}").status == 404
    assert "<!--part" not in page
    gateway.stack.stop_nginx("term")
    for name in ("web", "i18n"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "web" / "page.html").write_text("<!--part none-->", encoding="utf-8")
    said = refused(gateway.stack, server=f"location /a {{ kabinet_gateway web={tmp_path}/web; }}")
    assert 'kabinet_gateway: a page needs "/kabinet/part-none.html"' in said


def test_pages_are_compressed_and_answers_are_not(gateway):
    """An answer of the API holds secrets beside what somebody typed: its length must not tell them."""
    browser = gateway.browser()
    small = {"Accept-Encoding": "gzip"}
    for path in ("login", "reregistration", "assets/kabinet.css", "assets/flow.js", "assets/certificate.svg",
                 "i18n/kk.json"):
        plain, packed = browser.get(f"/kabinet/{path}"), browser.get(f"/kabinet/{path}", headers=small)
        assert packed.header("content-encoding") == "gzip" and gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < 0.6 * len(plain.body), path
        tag = packed.header("etag")
        assert tag == plain.header("etag")
        if tag:
            assert browser.get(f"/kabinet/{path}", headers={**small, "If-None-Match": tag}).status == 304
    assert len(browser.api("GET", "/meta").body) > 20, "nginx leaves less alone"
    for method, path, body in (("GET", "/meta", None), ("POST", "/flows", {"kind": "login"}), ("GET", "/session", None)):
        answer = browser.api(method, path, body, headers=small)
        assert answer.header("content-encoding") is None and answer.json


def test_a_faulty_reload_changes_nothing(gateway):
    watch = Watch(gateway)
    stack = gateway.stack
    browser = gateway.signed_in(KNOWN)
    workers = gateway.workers()
    faults = [
        (stack.conf_path, "kabinet_database", "#", "kabinet_database is missing"),
        (stack.conf_path, "kabinet_redis", "#", "kabinet_redis is missing"),
        (stack.conf_path, "kabinet_keyring", "#", "kabinet_keyring is missing"),
        (stack.nginx_conf, "daemon off;", "daemon off; thread_pool kabinet_db threads=1;", "kabinet_db"),
    ]
    for path, old, new, words in faults:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert old in text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1))
        before = len(gateway.error_log())
        watch.master.send_signal(signal.SIGHUP)
        until(lambda: "[emerg]" in gateway.error_log()[before:])
        assert words in gateway.error_log()[before:]
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        assert gateway.workers() == workers
        assert browser.get("/", headers=PAGE).status == 200
    assert gateway.metrics()["kabinet_guard_misses_total"] == 0
    assert gateway.browser().sign_in(KNOWN, gateway.people[KNOWN].password).status == 200


def test_a_reload_may_change_the_settings(gateway):
    owner = gateway.signed_in(KNOWN)
    gateway.stack.conf_extra = "kabinet_throttle login free=1;"
    gateway.stack.reload_nginx()
    until(lambda: len(gateway.workers()) == 1)
    statuses = [gateway.browser().sign_in(KNOWN, "Wrong!Password1").status for _ in range(2)]
    assert statuses == [401, 429]
    assert owner.get("/", headers=PAGE).status == 200
