"""What the audit says of the gateway itself, and that its chain closes behind it."""

import json

import psycopg2
import pytest

from support import until


def sealed(gateway):
    return gateway.sql("SELECT kind, actor FROM audit WHERE number IS NOT NULL ORDER BY number")


@pytest.mark.gateway(conf="kabinet_unsafe on;")
def test_an_unsafe_start_is_audited(gateway, ctl):
    until(lambda: ("unsafe_start", "gateway") in sealed(gateway))
    assert ctl("audit", "verify").returncode == 0


def test_a_sign_in_is_sealed_within_moments(gateway, ctl):
    gateway.signed_in()
    until(lambda: ("sign_in", "self") in sealed(gateway))
    assert "unsafe_start" not in dict(sealed(gateway))
    assert ctl("audit", "verify").returncode == 0


def exported(run):
    assert run.returncode == 0, run.stdout + run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_export_is_the_chain_a_line_a_row(gateway, ctl):
    browser = gateway.signed_in()
    assert browser.sign_in("880314493312", "not this one").status == 401
    until(lambda: ("sign_in", "self") in sealed(gateway) and ("sign_in_failed", "self") in sealed(gateway))
    until(lambda: not gateway.sql("SELECT id FROM audit WHERE number IS NULL"))
    rows = exported(ctl("audit", "export"))
    assert [(row["kind"], row["actor"]) for row in rows] == sealed(gateway)
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    kept = gateway.sql("SELECT encode(mac, 'hex'), encode(link, 'hex'), account::text FROM audit ORDER BY number")
    assert [(row["mac"], row["link"], row["account"]) for row in rows] == kept
    assert any(row["details"] for row in rows)
    text = ctl("audit", "export").stdout
    for iin, person in gateway.people.items():
        assert iin not in text and person.phone.replace(" ", "")[-7:] not in text
    assert exported(ctl("audit", "export", "--from", "3")) == rows[2:]
    assert exported(ctl("audit", "export", "--from", str(len(rows) + 1))) == []
    for wrong in ("0", "-1", "x", "", "9" * 30):
        assert ctl("audit", "export", "--from", wrong).returncode == 2
    # Details from another row: told, and the rest is written.
    number = next(row["number"] for row in rows if row["details"])
    gateway.sql("UPDATE audit SET details = (SELECT details || '\\x00' FROM audit WHERE number = %s) WHERE number = %s",
                number, number)
    run = ctl("audit", "export")
    assert run.returncode == 1 and "1 rows cannot be read" in run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()][:len(rows)]
    assert lines[number - 1] == {**rows[number - 1], "details": None}
    assert ctl("audit", "verify").returncode == 1


def test_export_of_more_than_a_page(fresh, ctl):
    with psycopg2.connect(fresh.pg) as connection, connection.cursor() as cursor:
        cursor.execute("""DELETE FROM audit; INSERT INTO audit (id, at, kind, actor, mac, mac_key, number, link,
                          link_key, sealed_at) SELECT gen_random_uuid(), now(), 'sign_in', 'self', m, 1, g, m, 1, now()
                          FROM generate_series(5, 2504) g, decode(repeat('5a', 32), 'hex') m""")
    connection.close()
    for first in (1, 500, 1504, 2504):
        rows = exported(ctl("audit", "export", "--from", first))
        assert [row["number"] for row in rows] == list(range(max(first, 5), 2505))
