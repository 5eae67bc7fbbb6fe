"""Sign in on the real servers: what a person sees, and what a stranger must not."""

import re
import time

import pytest

KNOWN, OTHER, BARE, NOBODY = "880314493312", "920705493744", "860922390740", "830611390604"


def test_a_person_lands_in_the_portal(gateway):
    browser = gateway.browser()
    answer = browser.get("/queue?child=1", headers={"Accept": "text/html"})
    assert answer.status == 302
    assert answer.header("location") == "/kabinet/login?return_to=%2Fqueue%3Fchild%3D1"
    answer = browser.sign_in(KNOWN, gateway.people[KNOWN].password, return_to="/queue?child=1")
    assert answer.status == 200
    assert answer.json["state"] == "done"
    assert answer.json["data"] == {"redirect": "/queue?child=1"}
    page = browser.get("/", headers={"Accept": "text/html"})
    assert page.status == 200
    assert b"88********12" in page.body
    assert KNOWN.encode() not in page.body


def test_cookies_are_locked_down(gateway):
    browser = gateway.browser()
    seen = [*browser.begin().all("set-cookie")]
    browser.step("identify", {"iin": KNOWN, "consents": {"terms": True, "notifications": True}})
    seen += browser.step("password", {"password": gateway.people[KNOWN].password}).all("set-cookie")
    parts = {c.partition("=")[0]: [p.strip() for p in c.split(";")[1:]] for c in seen}
    assert set(parts) == {"__Host-kabinet_flow", "__Host-kabinet_session", "__Host-kabinet_browser"}
    for name, attributes in parts.items():
        assert {"Path=/", "Secure", "HttpOnly"} <= set(attributes)
        assert ("SameSite=Lax" if "session" in name else "SameSite=Strict") in attributes
    assert "Max-Age=15552000" in parts["__Host-kabinet_browser"]


def stripped(answer):
    """Everything that a stranger can compare, without what is random by right."""
    body = re.sub(rb'"(id|now|expires_at)":"[^"]*"', b"", answer.body)
    headers = sorted((k, v) for k, v in answer.headers if k not in ("date", "set-cookie"))
    return answer.status, headers, body, len(answer.all("set-cookie"))


def test_strangers_see_one_answer(gateway, ctl):
    blocked = "790130392190"
    assert ctl("account", "block", blocked).returncode == 0
    identify, password, work = [], [], []
    for iin in (KNOWN, NOBODY, BARE, blocked):
        browser = gateway.browser()
        identify.append(stripped(browser.identify(iin)))
        before = time.monotonic()
        answer = browser.step("password", {"password": "Wrong!Password1"})
        assert time.monotonic() - before >= 0.25  # not before its line of the grid
        password.append(stripped(answer))
        work.append(gateway.sql("SELECT count(*) FROM audit")[0][0])
    assert len(set(map(str, identify))) == 1
    assert len(set(map(str, password))) == 1
    assert password[0][0] == 401
    assert len({b - a for a, b in zip(work, work[1:])}) == 1  # as many audit rows for each


def test_waits_come_for_everybody(gateway):
    for iin in (KNOWN, NOBODY):
        for _ in range(5):
            browser = gateway.browser()
            assert browser.sign_in(iin, "Wrong!Password1").status == 401
        answer = gateway.browser().sign_in(iin, "Wrong!Password1")
        assert answer.status == 429
        assert answer.code == "throttled"
        assert 1 <= int(answer.header("retry-after")) <= 5
        assert answer.json["retry_after"] == int(answer.header("retry-after"))


def test_the_owner_is_not_locked_out(gateway):
    owner = gateway.signed_in(KNOWN)
    for _ in range(6):
        last = gateway.browser().sign_in(KNOWN, "Wrong!Password1")
    assert last.status == 429
    assert owner.sign_in(KNOWN, gateway.people[KNOWN].password).status == 200


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil", "/%5cevil",
                                   "/%2f/evil", "/kabinet/login", "javascript:alert(1)", "/a%00b",
                                   "/" + "a" * 1024])
def test_nobody_is_sent_elsewhere(gateway, where):
    browser = gateway.browser()
    answer = browser.sign_in(KNOWN, gateway.people[KNOWN].password, return_to=where)
    assert answer.status == 200
    assert answer.json["data"]["redirect"] in ("/", "/%2f/evil")


def test_an_imported_hash_is_made_anew(gateway, ctl, tmp_path):
    # a PHC string of the password "Kabinet!Demo2026", made by the reference program without a pepper
    import subprocess

    made = subprocess.run(["argon2", "saltsaltsalt", "-id", "-t", "2", "-k", "1024", "-p", "1", "-e"],
                          input="Kabinet!Demo2026", capture_output=True, text=True, check=True).stdout.strip()
    people = tmp_path / "more.csv"
    people.write_text(f"iin,phone,locale,password\n{NOBODY},+77015550000,kk,\"{made}\"\n")
    assert ctl("import", "accounts", people).returncode == 0
    before = gateway.sql("SELECT hash FROM account ORDER BY created_at DESC LIMIT 1")
    assert gateway.browser().sign_in(NOBODY, "Kabinet!Demo2026").status == 200
    after = gateway.sql("SELECT hash FROM account ORDER BY created_at DESC LIMIT 1")
    assert bytes(before[0][0]) != bytes(after[0][0])
    assert gateway.browser().sign_in(NOBODY, "Kabinet!Demo2026").status == 200


def test_a_dump_shows_nothing(gateway):
    """Neither PostgreSQL nor Redis holds an IIN, a phone or a token in the clear."""
    browser = gateway.signed_in(KNOWN)
    gateway.browser().sign_in(NOBODY, "Wrong!Password1")
    tables = [row[0] for row in gateway.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")]
    dump = "".join(str(gateway.sql(f'SELECT t::text FROM "{name}" t')) for name in tables)
    store = gateway.redis
    for key in store.scan_iter():
        kind = store.type(key)
        value = {b"string": store.get, b"hash": store.hgetall, b"set": store.smembers,
                 b"zset": lambda k: store.zrange(k, 0, -1, withscores=True)}[kind](key)
        dump += repr(key) + repr(value)
    for secret in (KNOWN, NOBODY, "77015559223", "7015559223", gateway.people[KNOWN].password,
                   *browser.cookies.values()):
        assert secret not in dump
        assert secret.encode().hex() not in dump
        assert secret not in gateway.error_log()
