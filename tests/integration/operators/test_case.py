"""Operators and their cases, by the real kabinetctl beside a running gateway."""

import json
import os
import pty
import shutil
import subprocess

import pytest

from support import BUILD, ROOT, until
from test_kabinetctl import done, refused
from test_recovery import NEW, app_of, begin, sandbox, update  # noqa: F401 (a fixture)
from test_reregistration import FATHER, MOTHER, moved, number, take_over

OPERATORS = {"aigul": "920705493744", "berik": "950418490715", "mama": MOTHER}
CTL = os.path.join(ROOT, BUILD, "kabinetctl")
# Only root may say whose word it is; who is not root is it in a namespace of its own.
ROOTED = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]


def environment(name):
    return {**os.environ, "SUDO_USER": name}


@pytest.fixture
def operate(gateway):
    """kabinetctl as this operator calls it by sudo."""
    path = gateway.stack.in_run("operators")
    with open(path, "w", encoding="utf-8") as file:
        os.chmod(path, 0o640)
        file.write("# who decides\n" + "".join(f"{name} {iin}\n" for name, iin in OPERATORS.items()))
    gateway.stack.conf_extra += f"kabinet_operators file={path};"
    gateway.stack.reload_nginx()

    def run(name, *args, conf=gateway.stack.conf_path):
        return subprocess.run([*ROOTED, CTL, "-c", conf, *args], env=environment(name), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    return run


def object_to(gateway, kind, iin=MOTHER):
    """«Это был не я», from the app."""
    app = app_of(gateway, iin)
    event = next(e for e in app.events()["events"] if e["kind"] == kind)
    app.call("POST", f"/events/{event['id']}/object", {})


def open_case(gateway):
    return number(gateway, "SELECT id FROM moderation WHERE state = 'open'")


@pytest.fixture
def disputed(gateway, browser, sandbox):  # noqa: F811
    """The father asks for the child, and the mother objects."""
    take_over(gateway, browser)
    object_to(gateway, "hold")
    return open_case(gateway)


def case_state(gateway, case):
    return gateway.sql("SELECT state FROM moderation WHERE id = %s", case)[0][0]


def audited(operate, gateway):
    """What is in the audit about cases: (actor, details), sealed and in order."""
    until(lambda: number(gateway, "SELECT count(*) FROM audit WHERE number IS NULL") == 0, what="it was not sealed")
    rows = [json.loads(line) for line in done(operate("aigul", "audit", "export")).splitlines()]
    return [(row["actor"], row["details"]) for row in rows if row["kind"] == "case" and row["details"]]


def test_two_people_decide(gateway, operate, disputed):
    listed = done(operate("aigul", "case", "list"))
    assert disputed in listed and "guardianship" in listed and "1 for operators, 0 of them late" in listed
    shown = done(operate("berik", "case", "show", disputed))
    for words in ("open: two operators decide", "86********40", "88********12", "19********84", "+770****9223",
                  "the child's cabinet moves to the applicant", "objected", "notices    1", "by self"):
        assert words in shown, shown
    for value in (*OPERATORS.values(), FATHER, "190901692284", *(p.phone for p in gateway.people.values())):
        assert value not in listed + shown
    assert "concerned" in refused(operate("mama", "case", "approve", disputed, "--yes"))
    assert "no line for this login" in refused(operate("dana", "case", "approve", disputed, "--yes"))
    assert "somebody else must approve" in done(operate("aigul", "case", "approve", disputed, "--yes"))
    assert "somebody else must say the same" in refused(operate("aigul", "case", "approve", disputed, "--yes"))
    assert case_state(gateway, disputed) == "open" and not moved(gateway)
    assert "approve, operator:aigul" in done(operate("berik", "case", "list"))
    assert "decided: the child moves" in done(operate("berik", "case", "approve", "--yes", disputed))
    until(lambda: moved(gateway), what="the gateway did not carry it out")
    until(lambda: case_state(gateway, disputed) == "done")
    assert "not open" in refused(operate("berik", "case", "reject", disputed, "--yes"))
    assert disputed not in done(operate("aigul", "case", "list"))
    assert f"{disputed}  guardianship  done" in done(operate("aigul", "case", "list", "--all"))
    word = {"case": disputed, "word": "approve"}
    assert [row for row in audited(operate, gateway) if row[0].startswith("operator:")] == [
        ("operator:berik", {"case": disputed, "word": "seen"}),
        ("operator:mama", {**word, "refused": "who is concerned by a case does not decide it"}),
        ("operator:dana", {**word, "refused": "no operator"}),
        ("operator:aigul", word),
        ("operator:aigul", {**word, "refused": "you have said so already: somebody else must say the same"}),
        ("operator:berik", word),
        ("operator:berik", {"case": disputed, "word": "reject",
                            "refused": "the case is not open: nobody objected to it, or it is decided"})]
    assert "none changed" in done(operate("aigul", "audit", "verify"))


def on_terminal(gateway, name, args, answer):
    """Status and everything that a person at a terminal saw."""
    try:
        master, slave = pty.openpty()
    except OSError:
        pytest.skip("this machine has no pseudo-terminals: /dev/pts is not mounted")
    run = subprocess.Popen([*ROOTED, CTL, "-c", gateway.stack.conf_path, *args], env=environment(name),
                           stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    os.write(master, answer.encode())
    seen = b""
    try:
        while chunk := os.read(master, 4096):
            seen += chunk
    except OSError:  # the other side is closed
        pass
    os.close(master)
    return run.wait(timeout=60), seen.decode()


def test_a_terminal_is_asked(gateway, operate, disputed):
    assert "give --yes" in refused(operate("aigul", "case", "reject", disputed))
    for answer in ("no\n", "y\n", "\n", "\x04"):
        status, seen = on_terminal(gateway, "aigul", ["case", "reject", disputed], answer)
        assert status == 1 and "Type yes to reject" in seen and "nothing changed" in seen
    assert number(gateway, "SELECT count(*) FROM moderation WHERE first_at IS NOT NULL") == 0
    status, seen = on_terminal(gateway, "aigul", ["case", "reject", disputed], "yes\n")
    assert status == 0 and "the child stays where it is" in seen and "somebody else must reject" in seen
    status, seen = on_terminal(gateway, "berik", ["case", "approve", disputed], "yes\n")
    assert status == 0 and "somebody else must approve" in seen  # the two differ: nothing is decided
    assert "decided" in done(operate("aigul", "case", "approve", disputed, "--yes"))


def test_both_at_the_same_moment(gateway, operate, disputed):
    runs = [subprocess.Popen([*ROOTED, CTL, "-c", gateway.stack.conf_path, "case", "reject", disputed, "--yes"],
                             env=environment(name), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
            for name in ("aigul", "berik")]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sorted("decided" in words for words in said) == [False, True]
    assert case_state(gateway, disputed) == "rejected" and not moved(gateway)


def test_who_lost_an_objection_is_out(gateway, operate, sandbox):  # noqa: F811
    """The mother changes her password; a phone objects and comes in with a new one; operators disagree."""
    mother = gateway.signed_in(MOTHER)
    answer = mother.api("POST", "/password", {"current_password": gateway.people[MOTHER].password,
                                              "password": NEW, "password_repeat": NEW})
    assert answer.status in (200, 204), answer.body
    object_to(gateway, "password_changed")
    assert mother.api("GET", "/session").status == 401
    other = gateway.browser()
    flow, app = begin(other, MOTHER), app_of(gateway, MOTHER)
    challenge = until(lambda: app.challenges()["challenges"], what="nothing waits in the app")[-1]
    code = app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": flow["data"]["sign"]})["code"]
    assert update(other, code, "Zhasyl-Tau#2028qar").json["state"] == "done"
    assert other.sign_in(MOTHER, "Zhasyl-Tau#2028qar").status == 200
    assert other.api("GET", "/session").status == 200
    case = open_case(gateway)
    assert "that was not me" in done(operate("aigul", "case", "show", case))
    done(operate("aigul", "case", "reject", case, "--yes"))
    assert other.api("GET", "/session").status == 200
    assert "1 session ended" in done(operate("berik", "case", "reject", case, "--yes"))
    until(lambda: other.api("GET", "/session").status == 401, 2, "the session goes on")
    assert gateway.browser().sign_in(MOTHER, "Zhasyl-Tau#2028qar").status == 401


def test_a_row_that_was_changed_is_nobodys_case(gateway, operate, disputed):
    gateway.sql("UPDATE moderation SET first_by = 'operator:x', first_at = now(), first_approve = true")
    for command in ("show", "approve", "reject"):
        said = refused(operate("aigul", "case", command, disputed, *(["--yes"] if command != "show" else [])))
        assert "was changed by somebody else" in said
    assert disputed not in done(operate("aigul", "case", "list"))
    assert number(gateway, "SELECT count(*) FROM audit WHERE kind = 'tampered'") >= 3
    assert case_state(gateway, disputed) == "open" and not moved(gateway)


def test_who_may_not_decide(gateway, operate, disputed, tmp_path):
    path = gateway.stack.in_run("operators")
    assert "from your own login" in refused(operate("", "case", "approve", disputed, "--yes"))
    assert "may not decide" in refused(operate("aigul@", "case", "approve", disputed, "--yes"))
    conf = tmp_path / "kabinet.conf"
    with open(gateway.stack.conf_path, encoding="utf-8") as file:
        conf.write_text(file.read().replace(f"kabinet_operators file={path};", ""))
    assert "kabinet_operators is missing" in refused(
        operate("aigul", "case", "approve", disputed, "--yes", conf=str(conf)))
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n\ndana 12\n")
    assert "operators: line 7: no IIN" in refused(operate("aigul", "case", "list"), 2)
    os.chmod(path, 0o644)
    assert "others may read it" in refused(operate("aigul", "case", "list"), 2)
    assert case_state(gateway, disputed) == "open"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_variable_makes_nobody_an_operator(gateway, operate, disputed):
    """www-data, say: it may read all that the gateway reads, and set what it likes."""
    uid = gateway.stack.user.pw_uid
    folder = gateway.stack.in_data("somebody")
    gateway.stack.own(folder)
    with open(gateway.stack.conf_path, encoding="utf-8") as file:
        text = file.read()
    for name in ("operators", "keyring", "provider-token"):
        copy = shutil.copy(gateway.stack.in_run(name), folder)
        os.chown(copy, uid, -1)
        os.chmod(copy, 0o600)
        text = text.replace(gateway.stack.in_run(name), copy)
    conf, program = os.path.join(folder, "kabinet.conf"), shutil.copy(CTL, folder)
    with open(conf, "w", encoding="utf-8") as file:
        file.write(text)
    run = subprocess.run([program, "-c", conf, "case", "approve", disputed, "--yes"], user=uid, extra_groups=[],
                         env=environment("aigul"), capture_output=True, text=True, timeout=60, check=False)
    assert f"{gateway.stack.user.pw_name} may not decide" in refused(run)
    assert number(gateway, "SELECT count(*) FROM moderation WHERE first_at IS NOT NULL") == 0


def test_wrong_calls(operate):
    for args in (("case", "approve"), ("case", "approve", "--yes"), ("case", "list", "all"), ("case", "show"),
                 ("case", "reject", "a", "b"), ("case", "approve", "--yes", "--yes")):
        assert "kabinetctl [-c FILE] case" in refused(operate("aigul", *args), 2)
    assert "this is no case" in refused(operate("aigul", "case", "show", MOTHER))
    nobody = "00000000-0000-4000-8000-000000000000"
    assert "no such case" in refused(operate("aigul", "case", "show", nobody))
    assert "no such case" in refused(operate("aigul", "case", "approve", nobody, "--yes"))
    assert "case: 0 shown" in done(operate("aigul", "case", "list", "--all"))


def test_doctor_warns_of_late_cases(gateway, operate, disputed):
    said = operate("aigul", "doctor").stdout
    assert "operators: 3" in said and "cases: 1 open, none for more than 5 working days" in said
    gateway.sql("UPDATE moderation SET objected_at = now() - interval '9 days'")
    assert "warn cases: 1 of 1 open ones for more than 5 working days" in " ".join(
        operate("aigul", "doctor").stdout.split())
    gateway.stack.conf_extra = ""
    gateway.stack.reload_nginx()
    assert "operators: 0; a case needs two" in operate("aigul", "doctor").stdout
