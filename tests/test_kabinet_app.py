"""The command-line app client, in front of a double that checks every signature by itself, and of the
real gateway, where the other side of the talk matters."""

import email.utils
import json
import os
import re
import stat
import subprocess
import time

import pytest
from cryptography.exceptions import InvalidSignature

from app_double import Gateway, fault, problem, verify
from inflight import parked
from kabinet_app import api, keys, signing, words
from support import ROOT, until
from test_recovery import NEW, begin, sandbox, sms_code, update

__all__ = ["sandbox"]

PROGRAM = str(ROOT / "tools" / "kabinet-app")
DOC = (ROOT / "docs" / "app.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)\n\s*```", DOC, re.S)
EXAMPLE = json.loads(next(text for kind, text in BLOCKS if kind == "json"))
DEVICE = "01993f6e-8a4c-7d21-b2f0-5c3e9a7d1b64"
LATER = "2026-11-21T09:30:00Z"
CHALLENGE = {"id": "c-1", "purpose": "recovery", "browser": "Chrome, Windows", "place": "Almaty",
             "created_at": LATER, "expires_at": LATER, "signs": ["17", "42", "88"]}


@pytest.fixture
def double():
    double = Gateway()
    yield double
    double.shutdown()
    double.server_close()


@pytest.fixture
def run(double, tmp_path):
    """The program itself, as people start it; --key in tmp_path unless said otherwise."""

    def run(*command, key=tmp_path / "app.json", url=double.url, **env):
        whose = ["--key", str(key)] if key else []
        return subprocess.run([PROGRAM, "--url", url, *whose, *command], check=False, timeout=60,
                              capture_output=True, text=True, env={**os.environ, **env})

    return run


@pytest.fixture
def active(double, tmp_path):
    """A device that was activated before."""
    device = keys.Device(keys.generate(), str(tmp_path / "app.json"), DEVICE, "active")
    device.save()
    double.jwk = device.public_jwk
    return device


def only(double, request, fields=None, keyid=DEVICE):
    """The one request made, rightly signed."""
    assert [(s["request"], s["fields"], s["keyid"], s["fault"]) for s in double.seen] == [
        (f"{request.partition(' ')[0]} {api.BASE}{request.partition(' ')[2]}", fields, keyid, None)]


# ---- vectors ----------------------------------------------------------------------------------

@pytest.mark.parametrize("x, y, thumbprint", [
    ("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
     "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),  # the P-256 key of RFC 9449, section 6.1
    ("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
     "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"),  # of RFC 7517, appendix A.1
])
def test_thumbprint_hashes_the_required_members_only(x, y, thumbprint):
    jwk = {"kid": "x", "use": "sig", "alg": "ES256", "y": y, "x": x, "kty": "EC", "crv": "P-256"}
    assert keys.thumbprint(jwk) == thumbprint


@pytest.mark.parametrize("body, digest", [
    (b'{"hello": "world"}\n', "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg="),  # RFC 9530, appendix B.1
    (b"", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),  # appendix B.2's empty content
    (b'{"hello": "world"}', "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),  # RFC 9421, section 2.5
])
def test_digest(body, digest):
    assert signing.content_digest(body) == f"sha-256=:{digest}:"


def test_signatures_verify_and_do_not_fit_another_text():
    key = keys.generate()
    for _ in range(40):  # r or s short of a byte comes once in 128
        verify(keys.public_jwk(key), b"text", signing.sign_raw(key, "text"))
    with pytest.raises(InvalidSignature):
        verify(keys.public_jwk(key), b"texts", signing.sign_raw(key, "text"))


# ---- docs/app.md --------------------------------------------------------------------------------

def test_the_worked_example_of_the_document():
    key = keys.from_jwk(EXAMPLE)
    print_ = keys.thumbprint(EXAMPLE)
    assert f"thumbprint is `{print_}`" in DOC
    head, _, body = next(text for kind, text in BLOCKS if kind == "http").partition("\n\n")
    line, *rest = head.split("\n")
    fields = dict(row.split(": ", 1) for row in rest)
    method, path, _ = line.split(" ")
    uri = f"https://{fields['Host']}{path}"
    assert fault(EXAMPLE, method, uri, fields, body.encode()) is None
    assert int(fields["Content-Length"]) == len(body.encode())
    made = signing.signed_headers(key, print_, method, uri, body.encode(), 1795252800, "Yk3v0pQm7TzR1cWd")
    assert made["Signature-Input"] == fields["Signature-Input"]
    assert made["Content-Digest"] == fields["Content-Digest"]


@pytest.mark.parametrize("method, path, body, keyid, nonce", [
    ("POST", f"/devices/{DEVICE}/proof", b'{"code":"481920"}', keys.thumbprint(EXAMPLE), "Yk3v0pQm7TzR1cWd"),
    ("GET", "/challenges?wait=25", b"", DEVICE, "b7Hq2xLw9NfE4sJu"),
])
def test_the_signature_bases_of_the_document(method, path, body, keyid, nonce):
    params = signing.signature_params(1795252800, keyid, nonce)
    uri = f"https://cabinet.example.kz{api.BASE}{path}"
    base = signing.signature_base(method, uri, signing.content_digest(body), params)
    assert base in [text for kind, text in BLOCKS if kind == "text"]


def test_the_document_names_every_refusal_that_the_client_knows():
    by_status = {"service_unavailable", "overloaded", "internal"}
    codes = {code for code in words.CODES if not code.startswith("bmg_")} - by_status
    assert [code for code in sorted(codes) if f"`{code}`" not in DOC] == []


# ---- activation ---------------------------------------------------------------------------------

def test_activation(double, run, tmp_path):
    double.will(202, {"device_id": DEVICE, "proof": "sms", "expires_at": LATER})
    done = run("activate", "--phone", "+77001230715", "--otp", "4820 1937 56127")
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / "app.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = json.loads(path.read_text())
    assert (kept["kid"], kept["state"]) == (DEVICE, "proving")
    assert kept["d"] not in done.stdout
    jwk = {name: kept[name] for name in ("kty", "crv", "x", "y")}
    only(double, "POST /devices", {
        "phone": "+77001230715", "one_time_password": "4820193756127", "public_key": jwk,
        "platform": "cli", "accept_terms": True}, keys.thumbprint(jwk))

    double.seen.clear()
    double.will(200, {"device_id": DEVICE, "state": "active"})
    assert run("proof", "--code", "481920").stdout == "The device is active.\n"
    only(double, f"POST /devices/{DEVICE}/proof", {"code": "481920"}, keys.thumbprint(jwk))
    assert json.loads(path.read_text())["state"] == "active"

    assert run("activate", "--phone", "+77001230715", "--otp", "4820193756127").returncode == 2
    assert json.loads(path.read_text())["d"] == kept["d"]


@pytest.mark.parametrize("link", ["https://h.kz/kabinet/app/#", ""])
def test_activation_by_qr_sends_the_secret_alone(double, run, link):
    double.will(202, {"device_id": DEVICE, "proof": "sms", "expires_at": LATER})
    assert run("activate", "--phone", "+77001230715", "--qr", link + "k3J_dw-9XyZ0").returncode == 0
    assert double.seen[0]["fields"].items() >= {"qr": "k3J_dw-9XyZ0"}.items()


def test_a_key_outlives_an_answer_that_was_lost(double, run):
    double.will(503, problem(503, "service_unavailable"), Retry_After="2")
    double.will(202, {"device_id": DEVICE, "proof": "sms", "expires_at": LATER})
    for status in (1, 0):
        assert run("activate", "--phone", "+77001230715", "--otp", "4820193756127").returncode == status
    first, second = (seen["fields"]["public_key"] for seen in double.seen)
    assert first == second


def test_a_device_that_is_held(double, run, active):
    double.will(200, {"device_id": DEVICE, "state": "held", "held_until": LATER})
    done = run("proof", "--code", "1")
    assert done.returncode == 0 and LATER in done.stdout and "object" in done.stdout


# ---- challenges -----------------------------------------------------------------------------------

def test_a_challenge_says_who_and_what_before_the_signs(double, run, active):
    double.will(200, {"challenges": [{**CHALLENGE, "browser": "Evil\x1b[2J"}]})
    said = run("challenges").stdout
    only(double, "GET /challenges")
    places = [said.index(word) for word in ("NEW PASSWORD", "Evil", "Almaty", "never ask", "17   42   88")]
    assert places == sorted(places) and "\x1b" not in said


def test_waiting_asks_again_until_there_is_one(double, run, active):
    double.will(200, {"challenges": [], "version": 0})
    double.will(200, {"challenges": [CHALLENGE], "version": 7})
    done = run("--json", "challenges", "--wait", "60")
    assert json.loads(done.stdout) == {"challenges": [CHALLENGE], "version": 7}
    assert [seen["request"] for seen in double.seen] == [f"GET {api.BASE}/challenges?wait=25"] * 2
    assert double.seen[0]["nonce"] != double.seen[1]["nonce"]


def test_waiting_with_a_version_asks_until_the_list_is_another(double, run, active):
    double.will(200, {"challenges": [CHALLENGE], "version": 7})
    double.will(200, {"challenges": [], "version": 0})
    assert run("challenges", "--wait", "60", "--version", "7").stdout == "Nothing waits for you.\n"
    path = f"GET {api.BASE}/challenges?wait=25&version=7"
    assert [seen["request"] for seen in double.seen] == [path] * 2


@pytest.mark.parametrize("command, request_, fields, answer, says", [
    (["open", "c-1", "42"], "POST /challenges/c-1/open", {"sign": "42"},
     (200, {"code": "7305", "expires_at": LATER}), "7305"),
    (["deny", "a/../b"], "POST /challenges/a%2F..%2Fb/deny", {}, (204,), "Denied."),
    (["claim", "--qr", "https://h.kz/kabinet/app/#k3J_dw-9XyZ0"], "POST /challenges/claim",
     {"qr": "k3J_dw-9XyZ0"}, (200, CHALLENGE), "NEW PASSWORD"),
    (["deny", "c-1"], "POST /challenges/c-1/deny", {}, (204,), "Denied."),
    (["deny", "c-1", "--report"], "POST /challenges/c-1/deny", {"report": True}, (204,), "reported"),
    (["events"], "GET /events", None,
     (200, {"events": [{"id": "e-1", "kind": "password_changed", "at": LATER}]}), "e-1  2026"),
    (["object", "e-1"], "POST /events/e-1/object", {}, (204,), "taken back"),
    (["push-token", "t"], "PUT /push-token", {"push_token": "t"}, (204,), "token"),
])
def test_each_command(double, run, active, command, request_, fields, answer, says):
    double.will(*answer)
    done = run(*command)
    assert (done.returncode, done.stderr) == (0, "") and says in done.stdout
    only(double, request_, fields)
    assert abs(double.seen[0]["created"] - time.time()) < 30 and double.seen[0]["cookie"] is None


def test_as_a_demonstration_person(double, run, tmp_path):
    key = keys.generate()
    double.jwk = keys.public_jwk(key)
    (tmp_path / "devices").mkdir()
    path = tmp_path / "devices" / "880314493312.jwk"
    for more, keyid in (({}, keys.thumbprint(double.jwk)), ({"kid": DEVICE}, DEVICE)):
        path.write_text(json.dumps({**keys.private_jwk(key), **more}))
        double.seen.clear()
        double.will(200, {"challenges": []})
        run("--as", "880314493312", "challenges", key=None, KABINET_RUN_DIR=str(tmp_path))
        only(double, "GET /challenges", None, keyid)


# ---- refusals -------------------------------------------------------------------------------------

@pytest.mark.parametrize("status, code, more, headers, says", [
    (401, "clock_skew", {}, {"Date": email.utils.formatdate(time.time() - 30000, usegmt=True)},
     r"clock is 3\d{4} s ahead of .* set it right"),
    (401, "clock_skew", {}, {}, "clock is off: set it right"),
    (401, "signature_invalid", {}, {}, "--url"),
    (403, "device_held", {"held_until": LATER}, {}, f"may object; until {LATER}"),
    (404, "device_unknown", {}, {}, "activate again"),
    (410, "challenge_burned", {}, {}, "begin again"),
    (422, "proof_wrong", {"attempts_left": 2}, {}, "attempts left: 2"),
    (422, "validation_failed", {"errors": [{"field": "phone", "code": "missing"}]}, {}, "phone is missing"),
    (429, "throttled", {"retry_after": 60}, {}, "in 60 s"),
    (429, "throttled", {}, {"Retry-After": "61"}, "in 61 s"),
    (503, "service_unavailable", {}, {"Retry-After": "2"}, "in 2 s"),
])
def test_refusals_say_what_to_do(double, run, active, status, code, more, headers, says):
    for _ in range(2):
        double.will(status, problem(status, code, **more), **headers)
    done = run("open", "c-1", "42")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(says, done.stderr), done.stderr
    told = run("--json", "open", "c-1", "42").stdout
    assert json.loads(told)["error"].items() >= {"status": status, "code": code}.items()


@pytest.mark.parametrize("answer", [(200, b"<html>"), (502, b"<html>"), (200, b"[1]")])
def test_answers_that_are_not_the_gateways(double, run, active, answer):
    double.will(*answer)
    done = run("challenges")
    assert done.returncode == 1 and "Traceback" not in done.stderr and done.stdout == ""


def test_nobody_answers(run, active):
    done = run("challenges", url="http://127.0.0.1:1")
    assert done.returncode == 1 and "127.0.0.1:1" in done.stderr and "Traceback" not in done.stderr


# ---- mistakes -------------------------------------------------------------------------------------

@pytest.mark.parametrize("command", [
    [], ["nothing"], ["open", "c-1"], ["activate", "--phone", "1"], ["claim", "--qr", "https://h.kz/#"],
    ["activate", "--phone", "1", "--otp", "1", "--qr", "2"], ["--as", "880314493312", "events"],
    ["challenges", "--version", "7"], ["challenges", "--wait", "1", "--version", "x"],
])
def test_misuse(double, run, active, command):
    done = run(*command)
    assert done.returncode == 2 and done.stderr and double.seen == []


@pytest.mark.parametrize("url", ["cabinet.kz", "http://cabinet.kz", "https://cabinet.kz/kabinet", "ftp://h"])
def test_addresses_that_are_refused(run, active, url):
    assert run("events", url=url).returncode == 2
    assert api.origin_of("https://Cabinet.example.kz:443/") == "https://cabinet.example.kz"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}'])
def test_a_key_that_is_none(run, tmp_path, text):
    (tmp_path / "app.json").write_text(text)
    done = run("events")
    assert done.returncode == 2 and "app.json" in done.stderr and "Traceback" not in done.stderr


def test_a_key_whose_halves_do_not_belong_together():
    one, two = keys.generate(), keys.generate()
    with pytest.raises(keys.KeyProblem):
        keys.from_jwk({**keys.private_jwk(one), **keys.public_jwk(two)})


# ---- the real gateway -----------------------------------------------------------------------------

OWNER = "860922390740"  # has the app since the import
AS_OWNER = ("--as", OWNER)


@pytest.fixture
def start(gateway, tmp_path):
    """The program in front of the real gateway, begun; `done` waits for its end."""

    def start(*command):
        whose = () if command[0] == "--as" else ("--key", str(tmp_path / "new.json"))
        env = {**os.environ, "KABINET_RUN_DIR": os.path.dirname(gateway.stack.devices)}
        return subprocess.Popen([PROGRAM, "--url", gateway.url, *whose, *command], env=env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return start


def done(program, status=0):
    said, complaint = program.communicate(timeout=60)
    assert program.returncode == status, complaint
    return complaint if status else said


def waiting(gateway, start, *more):
    """`challenges --wait`, parked."""
    before = parked(gateway)
    program = start(*AS_OWNER, "--json", "challenges", "--wait", "60", *more)
    until(lambda: parked(gateway) > before)
    return program


def listed(program):
    answer = json.loads(done(program))
    return answer["version"], [each["id"] for each in answer["challenges"]]


def test_waiting_at_the_gateway(gateway, start):
    program = waiting(gateway, start)
    begun = time.monotonic()
    begin(gateway.browser(), OWNER)
    version, first = listed(program)
    assert time.monotonic() - begun < 5 and len(first) == 1 and version > 0
    assert f"--version {version}" in done(start(*AS_OWNER, "challenges", "--wait"))
    program = waiting(gateway, start, "--version", str(version))
    begin(gateway.browser(), OWNER)
    newer, both = listed(program)
    assert len(both) == 2 and newer != version
    program = waiting(gateway, start, "--version", str(newer))
    for id in both:
        assert done(start(*AS_OWNER, "deny", id)) == "Denied.\n"
    assert listed(start(*AS_OWNER, "--json", "challenges")) == (0, [])
    program.terminate()
    program.communicate(timeout=10)


def newest(start, kind):
    rows = json.loads(done(start(*AS_OWNER, "--json", "events")))["events"]
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    return next(row for row in rows if row["kind"] == kind)


def test_a_second_phone_is_held_and_taken_back(gateway, browser, sandbox, start):
    number = gateway.people[OWNER].phone
    begin(browser, OWNER)
    otp = browser.step("new_device").json["data"]["one_time_password"]
    done(start("activate", "--phone", number, "--otp", otp))
    held = json.loads(done(start("--json", "proof", "--code", sms_code(sandbox, number))))
    assert held["state"] == "held" and held["held_until"] > newest(start, "device")["at"]
    assert f"may object; until {held['held_until']}" in done(start("events"), 1)
    event = newest(start, "device")
    assert event["object_until"] > held["held_until"]
    assert f"object {event['id']}" in done(start(*AS_OWNER, "events"))
    assert done(start(*AS_OWNER, "object", event["id"])) == "It is taken back.\n"
    assert newest(start, "device")["objected"] is True
    assert "(taken back)" in done(start(*AS_OWNER, "events"))
    assert "activate again" in done(start("challenges"), 1)
    assert "too late" in done(start(*AS_OWNER, "object", newest(start, "recovery")["id"]), 1)
    assert "no such thing" in done(start(*AS_OWNER, "object", DEVICE), 1)


def test_a_new_password_is_taken_back(gateway, browser, sandbox, start):
    sign = begin(browser, OWNER)["data"]["sign"]
    _, (id,) = listed(start(*AS_OWNER, "--json", "challenges"))
    code = json.loads(done(start(*AS_OWNER, "--json", "open", id, sign)))["code"]
    assert update(browser, code).json["state"] == "done"
    stranger = gateway.browser()
    assert stranger.sign_in(OWNER, NEW).status == 200
    done(start(*AS_OWNER, "object", newest(start, "password_changed")["id"]))
    assert stranger.api("GET", "/session").status == 401
    assert gateway.browser().sign_in(OWNER, NEW).code == "invalid_credentials"
