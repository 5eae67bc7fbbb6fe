"""kabinetctl against real stores. `ctl(*args, input=None)` runs it with the gateway's configuration."""

import csv
import os
import random
import re
import signal
import stat
import subprocess
import time

import psycopg2
import pytest

from people import iins as draw_iins
from support import BUILD, ROOT, SEED, read_people

DATA = ["iin", "phone", "locale", "password", "device"]
CHILDREN = ["child_iin", "birth_certificate", "parent1_iin", "parent2_iin", "attendance", "guardian_iin"]
PHC = "$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
NOBODY = "830611390604"


def iins(count, seed):
    return sorted(draw_iins(random.Random(seed), count))


def write(path, rows, header=DATA, end="\r\n"):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator=end).writerows([header, *rows])
    return str(path)


def refused(run, status=1):
    assert run.returncode == status, run.stdout + run.stderr
    return run.stderr


def done(run):
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_help_and_wrong_calls(ctl):
    listed = done(ctl("help"))
    for command in ("migrate", "import accounts", "account show", "audit verify", "keys create",
                    "breach build", "audit export", "outbox list", "outbox retry", "hash tune", "mask",
                    "doctor"):
        assert command in listed
        assert command in done(ctl(*command.split(), "--help"))
    assert "no command" in refused(ctl("nonsense"), 2)
    assert "account show IIN" in refused(ctl("account", "show"), 2)
    assert "import accounts" in refused(ctl("import", "accounts", "a.csv", "--device", "d"), 2)


def test_migrate_again_changes_nothing(ctl):
    assert "0 applied" in done(ctl("migrate"))


def test_doctor(ctl):
    run = ctl("doctor")
    words = [line.split()[0] for line in run.stdout.splitlines()]
    assert set(words) <= {"ok", "warn", "fail"}
    assert ("fail" in words) == (run.returncode == 1)
    for what in ("configuration:", "keyring:", "postgresql:", "migrations: all applied",
                 "redis:", "password hash:", "libargon2:", "clock:"):
        assert what in run.stdout


def test_keys_are_made_once_and_private(ctl, tmp_path):
    path = tmp_path / "keyring"
    done(ctl("keys", "create", str(path)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert "exists already" in refused(ctl("keys", "create", str(path)))
    assert path.read_bytes() == before


def test_breach_build(ctl, tmp_path):
    (tmp_path / "list").write_text("password\nqwerty123\n", encoding="utf-8")
    assert "2 passwords" in done(ctl("breach", "build", str(tmp_path / "list"),
                                     str(tmp_path / "out")))
    refused(ctl("breach", "build", str(tmp_path / "none"), str(tmp_path / "out")))


def test_import_of_2000_lines_with_bad_ones(ctl, tmp_path):
    people = iins(2000, seed=1)
    rows = [[iin, "+7701%07d" % i, "ru" if i % 2 else "kk", PHC if i % 3 else "", "no"]
            for i, iin in enumerate(people)]
    wrong = {7: (0, people[7][:11] + str((int(people[7][11]) + 1) % 10), "iin_check_digit"),
             100: (1, "+79161234567", "phone_foreign"),
             500: (2, "de", "not ru, kk or en"),
             900: (3, "$2b$10$abcdefghijk", "Argon2id"),
             1500: (0, "940140000385", "iin_is_bin")}
    for at, (column, value, _) in wrong.items():
        rows[at][column] = value
    path = write(tmp_path / "accounts.csv", rows)

    run = ctl("import", "accounts", path)
    said = refused(run)
    assert "2000 lines, 1995 new, 0 there already, 5 bad" in run.stdout
    for at, (_, value, reason) in wrong.items():
        line = [l for l in said.splitlines() if "line %d:" % (at + 2) in l]
        assert len(line) == 1 and reason in line[0]
        assert value not in said and people[at] not in said

    run = ctl("import", "accounts", path)
    refused(run)
    assert "2000 lines, 0 new, 1995 there already, 5 bad" in run.stdout


def test_import_tells_the_planner(ctl, fresh, tmp_path):
    """At once: a plan that was made for a small table reads the whole of a large one."""
    known = "SELECT reltuples, (SELECT count(*) FROM %s) FROM pg_class WHERE oid = '%s'::regclass"
    mother, father, *people = iins(600, seed=15)
    done(ctl("import", "accounts", write(tmp_path / "a.csv", [[iin, "", "ru", "", "no"]
                                                              for iin in (mother, father, *people[:300])])))
    done(ctl("import", "children", write(tmp_path / "c.csv", [[iin, "%07d" % i, mother, father, "queue", mother]
                                                              for i, iin in enumerate(people[300:])], CHILDREN)))
    for table in ("account", "child", "guardianship"):
        estimated, counted = numbers(fresh, known % (table, table))
        assert estimated == counted > 0, table


def test_import_never_changes_an_account(ctl, tmp_path):
    iin = iins(1, seed=2)[0]
    done(ctl("import", "accounts", write(tmp_path / "a.csv",
                                         [[iin, "+77015550001", "ru", "", "no"]])))
    before = done(ctl("account", "show", iin))
    done(ctl("import", "accounts", write(tmp_path / "b.csv",
                                         [[iin, "+77015559999", "kk", PHC, "yes"]])))
    assert done(ctl("account", "show", iin)) == before
    assert "+770****0001" in before and "password  none" in before


def test_import_reads_csv_as_it_is_written(ctl, tmp_path):
    one, two, three = iins(3, seed=3)
    path = tmp_path / "odd.csv"
    path.write_bytes(('\ufeffphone,locale,iin\r\n"8 (701) 555-00-11",en,%s\n\n"+7""701",ru,%s\r\n'
                      ',,"%s"' % (one, two, three)).encode())
    run = ctl("import", "accounts", str(path))
    assert "line 4: phone: phone_format" in refused(run)
    assert "3 lines, 2 new, 0 there already, 1 bad" in run.stdout
    shown = done(ctl("account", "show", one))
    assert "+770****0011" in shown and "locale    en" in shown
    assert "locale    ru" in done(ctl("account", "show", three))
    refused(ctl("account", "show", two))


@pytest.mark.parametrize("text,reason", [
    ("", "empty"),
    ("phone,locale\n", 'no column "iin"'),
    ("iin,iin\n", "stands twice"),
    ('iin\n"940140', "not closed"),
    ("iin\na,b\n", "number of columns"),
    ('iin\n9"4\n', "quote"),
    ("iin\n\xff\n", "UTF-8"),
    ("iin\n" + "9" * 70000 + "\n", "64 KiB"),
])
def test_import_refuses_what_is_no_csv(ctl, tmp_path, text, reason):
    path = tmp_path / "bad.csv"
    path.write_bytes(text.encode("latin-1"))
    assert reason in refused(ctl("import", "accounts", str(path)))


def test_import_makes_device_keys_once(ctl, tmp_path):
    yes, no = iins(2, seed=4)
    path = write(tmp_path / "d.csv", [[yes, "+77015550002", "ru", "", "yes"],
                                      [no, "+77015550003", "ru", "", "no"]])
    devices = tmp_path / "devices"
    done(ctl("import", "accounts", path, "--devices", str(devices)))
    assert os.listdir(devices) == [yes + ".jwk"]
    key = devices / (yes + ".jwk")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert b'"crv":"P-256"' in before
    done(ctl("import", "accounts", path, "--devices", str(devices)))
    assert key.read_bytes() == before


def test_import_keeps_the_password_of_whoever_gets_a_device(ctl, tmp_path):
    people = iins(6, seed=13)
    rows = [[iin, "+7701555010%d" % i, "ru", (PHC, "Balabaqsha#2026")[i % 2], "yes" if i > 1 else "no"]
            for i, iin in enumerate(people)]
    done(ctl("import", "accounts", write(tmp_path / "d.csv", rows), "--devices", str(tmp_path / "devices")))
    for i, iin in enumerate(people):
        assert ("password  imported, not used yet", "password  set")[i % 2] in done(ctl("account", "show", iin))
    for person in read_people().values():
        words = "password  set" if person.password else "password  none"
        assert words in done(ctl("account", "show", person.iin))


def test_import_of_plain_passwords_asks_the_rules(ctl, tmp_path):
    good, short, personal = iins(3, seed=5)
    run = ctl("import", "accounts", write(tmp_path / "p.csv", [
        [good, "", "ru", "Balabaqsha#2026", "no"],
        [short, "", "ru", "Short#1", "no"],
        [personal, "", "ru", "Balabaqsha#" + personal, "no"]]))
    said = refused(run)
    assert "line 3: password: password_length" in said
    assert "line 4: password: password_personal" in said
    assert "1 new" in run.stdout and "Short" not in said
    assert "password  set" in done(ctl("account", "show", good))


def test_account_by_hand(ctl):
    iin = iins(1, seed=6)[0]
    assert "no account" in refused(ctl("account", "show", iin))
    done(ctl("account", "create", iin, "--phone", "87015551234", "--locale", "kk"))
    assert "nothing was changed" in refused(ctl("account", "create", iin))
    shown = done(ctl("account", "show", "-", input=iin + "\n"))
    assert "+770****1234" in shown and "locale    kk" in shown and "blocked   no" in shown
    assert iin not in shown and "5551234" not in shown
    done(ctl("account", "block", iin))
    assert "blocked already" in done(ctl("account", "block", iin))
    assert "blocked   yes" in done(ctl("account", "show", iin))
    done(ctl("account", "unblock", iin))
    assert "blocked   no" in done(ctl("account", "show", iin))
    assert "0 sessions ended" in done(ctl("account", "end-sessions", iin))
    assert "iin_length" in refused(ctl("account", "show", "12345"))
    assert "phone_foreign" in refused(ctl("account", "create", NOBODY, "--phone", "+79161234567"))
    assert "ru|kk|en" in refused(ctl("account", "create", NOBODY, "--locale", "de"))


def test_children(ctl, tmp_path):
    mother, father, child, other = iins(4, seed=7)
    done(ctl("account", "create", mother))
    rows = [[child, "II ЖА 204511", mother, father, "queue", mother],
            [other, "1904518", mother, "", "kindergarten", father],
            [other, "12", mother, "", "queue", ""],
            [other, "1904518", mother, mother, "queue", ""],
            [other, "1904518", mother, "", "school", ""]]
    path = write(tmp_path / "children.csv", rows, CHILDREN)
    run = ctl("import", "children", path)
    said = refused(run)
    assert "5 lines, 1 new, 0 there already, 4 bad" in run.stdout
    for line, reason in ((3, "guardian_iin"), (4, "birth_certificate"), (5, "parent2_iin"),
                         (6, "attendance")):
        assert "line %d: %s" % (line, reason) in said
    assert "5 lines, 0 new, 1 there already, 4 bad" in ctl("import", "children", path).stdout


def numbers(stack, query):
    """The row that PostgreSQL answers."""
    with psycopg2.connect(stack.pg) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()


def stored(stack):
    """How many children, guardianships and audit rows of imports there are."""
    return numbers(stack, "SELECT (SELECT count(*) FROM child), (SELECT count(*) FROM guardianship),"
                          " (SELECT count(*) FROM audit WHERE kind = 'imported')")


def test_children_are_taken_in_batches(ctl, fresh, tmp_path):
    """Of 500 lines each: what is bad or said twice within one hurts none of the others."""
    mother, father, stranger, *children = iins(1203, seed=14)
    done(ctl("account", "create", mother))
    done(ctl("account", "create", father))
    rows = [[child, "%07d" % i, mother, father, "queue", mother] for i, child in enumerate(children)]
    wrong = {3: ("guardian_iin", stranger), 4: ("birth_certificate", "12"), 250: ("guardian_iin", stranger),
             498: ("attendance", "school"), 499: ("guardian_iin", stranger), 500: ("child_iin", "12345"),
             777: ("parent2_iin", mother), 1199: ("guardian_iin", stranger)}
    for at, (column, value) in wrong.items():
        rows[at][CHILDREN.index(column)] = value
    rows[20][5] = ""
    rows[21] = [*rows[20][:5], father]  # gets a guardian
    rows[30] = rows[29]
    rows[41] = [*rows[40][:5], father]  # stays with the mother
    rows[1100] = rows[42]
    after = tuple(before + n for before, n in zip(stored(fresh), (1188, 1188, 1189)))
    path = write(tmp_path / "children.csv", rows, CHILDREN)

    run = ctl("import", "children", path)
    told = re.findall(r"line (\d+): (\w+): ", refused(run))
    assert told == [(str(at + 2), column) for at, (column, _) in wrong.items()]
    assert "1200 lines, 1189 new, 3 there already, 8 bad" in run.stdout
    assert stored(fresh) == after

    run = ctl("import", "children", path)
    assert re.findall(r"line (\d+): (\w+): ", refused(run)) == told
    assert "1200 lines, 0 new, 1192 there already, 8 bad" in run.stdout
    assert stored(fresh) == after

    rows = [[*row[:4], "kindergarten", row[5]] for row in rows[900:1100]]
    run = ctl("import", "children", write(tmp_path / "changed.csv", rows, CHILDREN))
    assert "200 lines, 200 new, 0 there already, 0 bad" in done(run)
    assert stored(fresh) == (*after[:2], after[2] + 200)
    assert "none changed" in done(ctl("audit", "verify"))


def test_a_stopped_import_of_children_goes_on(ctl, fresh, tmp_path):
    parent, *children = iins(701, seed=15)
    path = write(tmp_path / "children.csv",
                 [[child, "%07d" % i, parent, "", "queue", ""] for i, child in enumerate(children)], CHILDREN)
    before = stored(fresh)[0]
    with open(path, encoding="utf-8") as file, subprocess.Popen(
            [os.path.join(ROOT, BUILD, "kabinetctl"), "-c", fresh.conf_path, "import", "children", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        run.stdin.write(file.read())
        run.stdin.flush()
        end = time.monotonic() + 30
        while stored(fresh)[0] == before and time.monotonic() < end:
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        said, words = run.communicate(timeout=30)
    taken = int(re.search(r"(\d+) new, 0 there already, 0 bad", said)[1])
    assert run.returncode == 1 and "the same command goes on" in words
    assert 500 <= taken <= 700 and stored(fresh)[0] - before == taken
    assert "700 lines, %d new, %d there already, 0 bad" % (700 - taken, taken) in done(ctl("import", "children", path))


def test_audit_is_whole(ctl):
    assert "none changed" in done(ctl("audit", "verify"))
    assert "NUMBER HEX" in refused(ctl("audit", "verify", "--head", "/dev/null"))


@pytest.fixture
def settled(fresh):
    """Adds a directive or puts it in another's place, and undoes that after the test."""
    with open(fresh.conf_path, encoding="utf-8") as file:
        before = file.read()

    def settle(directive):
        lines = [line for line in before.splitlines() if line.split()[:1] != directive.split()[:1]]
        with open(fresh.conf_path, "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, directive, ""]))

    yield settle
    settle("")


def test_hash_tune(ctl, settled, tmp_path):
    slow = PHC.replace("m=256,t=1", "m=8192,t=3")
    done(ctl("import", "accounts", write(tmp_path / "a.csv", [
        [iin, "", "kk", hash, "no"] for iin, hash in zip(iins(1203, seed=12), [slow] * 3 + [PHC] * 1200)])))
    lines = done(ctl("hash", "tune")).splitlines()
    assert re.fullmatch(r"# by /\S+/libargon2\.so\.1", lines[0])
    kinds = dict(re.match(r"# (m=\d+ t=\d+ p=\d+): [0-9.]+ ms, (\d+) accounts", line).groups() for line in lines[1:-2])
    people = sum(bool(person.password) for person in read_people().values())
    assert kinds == {"m=19456 t=2 p=1": str(people), "m=8192 t=3 p=1": "3", "m=256 t=1 p=1": "1200"}
    directive = re.fullmatch(r"kabinet_password_hash argon2id m=19456 t=2 p=1 grid=(\d+)ms;", lines[-1])
    assert int(directive[1]) % 50 == 0
    settled(lines[-1])
    assert "password hash:" in ctl("doctor").stdout
    for wrong in ([], ["4ms"], ["2001ms"], ["50"], ["x"], ["50ms", "50ms"]):
        assert ctl("hash", "tune", "--budget", *wrong).returncode == 2
    assert ctl("hash", "tune", "--time", "50ms").returncode == 2
    wished = done(ctl("hash", "tune", "--budget", "400ms")).splitlines()[-1]
    m, t = map(int, re.search(r" m=(\d+) t=(\d+) p=1 ", wished).groups())
    assert m % 1024 == 0 and 19456 * 2 <= m * t and m <= 65536 and t <= 16
    settled(wished)
    done(ctl("audit", "verify"))


def test_a_wrong_check_digit_is_taken_where_it_may(ctl, settled, tmp_path):
    good, other, father = iins(3, seed=10)
    odd, child = (iin[:11] + str((int(iin[11]) + 3) % 10) for iin in (good, other))
    path = write(tmp_path / "odd.csv", [[odd, "", "ru", "", "no"]])
    children = write(tmp_path / "children.csv", [[child, "1904518", odd, father, "queue", odd]], CHILDREN)
    assert "line 2: iin: iin_check_digit" in refused(ctl("import", "accounts", path))
    settled("kabinet_iin_check warn;")
    run = ctl("import", "accounts", path)
    assert "1 new, 0 there already, 0 bad" in done(run)
    assert "line 2: iin: the check digit does not fit" in run.stderr and odd not in run.stderr
    run = ctl("import", "children", children)
    assert "1 new" in done(run)
    for column in ("child_iin", "parent1_iin", "guardian_iin"):
        assert f"line 2: {column}: the check digit does not fit" in run.stderr
    run = ctl("account", "show", "-", input=odd)
    assert odd[:2] + "*" in done(run) and "does not fit" in run.stderr
    assert "account of this IIN" in refused(ctl("account", "show", good))


def test_mask_is_not_made_of_few(ctl, tmp_path):
    run = ctl("mask")
    assert "fewer than 1000" in refused(run) and run.stdout == ""
    done(ctl("import", "accounts", write(tmp_path / "few.csv", [
        [iin, "+7701%07d" % i if i < 900 else "", "ru", "", "no"]
        for i, iin in enumerate(iins(1100, seed=8))])))
    run = ctl("mask")
    assert "fewer than 1000" in refused(run) and run.stdout == ""


def test_mask_is_made_of_people(ctl, settled, tmp_path):
    dice = random.Random(SEED)
    rows = [[iin, "+7%s%07d" % (dice.choice(["701", "702", "747", "747"]), dice.randrange(10 ** 7)),
             "ru", "", "yes" if i < 60 else "no"] for i, iin in enumerate(iins(1500, seed=9))]
    done(ctl("import", "accounts", write(tmp_path / "a.csv", rows), "--devices",
             str(tmp_path / "devices")))
    with open(ROOT / "data" / "demo" / "accounts.csv", encoding="utf-8") as file:
        rows += [[row["iin"], row["phone"], "", "", row["device"]] for row in csv.DictReader(file)]
    numbers = [(phone.replace(" ", "")[-10:][:3], device) for _, phone, _, _, device in rows if phone]
    run = ctl("mask")
    table = dict(line.split() for line in done(run).splitlines() if line[0] != "#")
    assert int(table.pop("app")) == pytest.approx(
        10000 * sum(device == "yes" for _, device in numbers) / len(numbers), abs=1)
    assert len(table) == 19 and list(table) == sorted(table)
    for prefix, share in table.items():
        people = sum(found == prefix for found, _ in numbers)
        assert int(share) == pytest.approx(max(1, 10000 * people / len(numbers)), abs=0.51), prefix
    assert not any(phone[-7:] in run.stdout for _, phone, *_ in rows if phone)

    path = tmp_path / "mask"
    path.write_text(run.stdout, encoding="utf-8")
    settled(f"kabinet_mask file={path};")
    assert f"mask table: {path}" in ctl("doctor").stdout
    path.write_text(run.stdout + "701 1\n", encoding="utf-8")
    assert f'{path}: line {len(run.stdout.splitlines()) + 1}: "701 1" stands twice' in refused(
        ctl("mask"), 2)
