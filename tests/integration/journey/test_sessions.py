"""Sessions, the password, consents and the language: what a signed-in person does in the cabinet."""

import re
import time

import pytest

from support import until

KNOWN, OTHER = "880314493312", "920705493744"
COOKIE = "__Host-kabinet_session"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36"
NEXT = "Sarybulaq-{}-Tulpar!"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def rows(browser):
    answer = browser.api("GET", "/sessions")
    assert answer.status == 200
    return answer.json["sessions"]


def alive(browser):
    """By the API and by the guard, which must agree."""
    api, guard = browser.api("GET", "/session").status, browser.get("/").status
    assert api == guard, (api, guard)
    return api == 200


# ---- the session at hand -----------------------------------------------------------------------


def test_who_is_signed_in(gateway):
    assert gateway.browser().api("GET", "/session").code == "no_session"
    answer = gateway.signed_in(KNOWN).api("GET", "/session")
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    body = answer.json
    assert body.pop("account") == {"iin_masked": "88********12", "phone_masked": "+770****9223",
                                   "locale": "ru"}
    assert body.pop("methods") == ["pwd"]
    since, to = body.pop("authenticated_at"), body.pop("expires_at")
    assert TIME.fullmatch(since) and TIME.fullmatch(to) and since < to
    assert not body


def test_signing_out_ends_it_everywhere(gateway):
    browser = gateway.signed_in(KNOWN)
    old = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    answer = browser.api("DELETE", "/session")
    assert answer.status == 204
    assert answer.header("set-cookie").startswith(f"{COOKIE}=; ")
    assert "Max-Age=0" in answer.header("set-cookie")
    assert COOKIE not in browser.cookies
    assert browser.api("GET", "/session", headers=old).status == 401
    assert browser.get("/", headers=old).status == 401
    assert browser.api("DELETE", "/session", headers=old).status == 204  # twice is no mistake
    assert gateway.browser().api("DELETE", "/session").status == 204
    assert gateway.sql("SELECT count(*) FROM session_end") == [(1,)]


def test_each_sign_in_has_a_session_of_its_own(gateway):
    browser = gateway.signed_in(KNOWN)
    first = dict(browser.cookies)
    browser.sign_in(KNOWN, gateway.people[KNOWN].password)
    assert browser.cookies[COOKIE] != first[COOKIE]
    assert browser.cookies["__Host-kabinet_browser"] == first["__Host-kabinet_browser"]
    assert len(rows(browser)) == 2


# ---- the account's others ----------------------------------------------------------------------


def test_the_list_and_its_ends(gateway):
    browsers = []
    for agent in (FIREFOX, PHONE, "curl/8"):
        browser = gateway.browser()
        browser.identify(KNOWN)
        answer = browser.api("POST", f"/flows/{browser.flow}/password", headers={"User-Agent": agent},
                             body={"password": gateway.people[KNOWN].password})
        assert answer.status == 200
        browsers.append(browser)
    first, second, third = browsers
    stranger = gateway.signed_in(OTHER)
    listed = rows(first)
    assert [row["browser"] for row in listed] == ["", "Chrome, Android", "Firefox, Linux"]
    assert [row["current"] for row in listed] == [False, False, True]
    assert all(set(row) == {"id", "current", "created_at", "expires_at", "browser"} for row in listed)
    target = listed[0]["id"]
    for path in (f"/sessions/{rows(stranger)[0]['id']}", "/sessions/0", f"/sessions/{target[:-1]}",
                 f"/sessions/{target}0", "/sessions/00000000-0000-0000-0000-000000000000"):
        assert first.api("DELETE", path).status == 404
    assert alive(stranger) and alive(third)
    assert stranger.api("DELETE", f"/sessions/{target}").status == 404
    assert first.api("DELETE", f"/sessions/{target}").status == 204
    assert not alive(third)
    assert first.api("DELETE", f"/sessions/{target}").status == 404
    assert alive(second) and len(rows(first)) == 2
    assert first.api("DELETE", "/sessions").status == 204
    assert not alive(second) and alive(first) and alive(stranger)
    assert [row["current"] for row in rows(first)] == [True]
    assert first.api("DELETE", f"/sessions/{rows(first)[0]['id']}").status == 204
    assert not alive(first)  # ending one's own by its name is signing out


@pytest.mark.gateway(conf="kabinet_session max=3;")
def test_the_oldest_makes_room(gateway):
    browsers = [gateway.signed_in(KNOWN) for _ in range(5)]
    other = gateway.signed_in(OTHER)
    assert [alive(b) for b in browsers] == [False, False, True, True, True]
    assert alive(other)
    assert len(rows(browsers[4])) == 3


def test_five_are_the_default(gateway):
    browsers = [gateway.signed_in(KNOWN) for _ in range(6)]
    assert [alive(b) for b in browsers] == [False] + [True] * 5


@pytest.mark.gateway(conf="kabinet_session idle=2s;")
def test_an_idle_session_ends(gateway):
    used, unused = gateway.signed_in(KNOWN), gateway.signed_in(KNOWN)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert used.get("/").status == 200
        time.sleep(0.25)
    assert not alive(unused)
    assert alive(used)  # the guard's looks wound the clock that the API reads
    until(lambda: not gateway.redis.keys("kabinet:*:i"))
    time.sleep(1.1)  # shared memory counts whole seconds
    assert not alive(used)


@pytest.mark.gateway(conf="kabinet_session idle=3s total=3s;")
def test_a_session_ends_in_any_case(gateway):
    browser = gateway.signed_in(KNOWN)
    end = time.monotonic() + 4.2  # times in a session are whole seconds
    looks = []
    while time.monotonic() < end:
        looks.append((browser.get("/").status, browser.api("GET", "/session").status))
        time.sleep(0.2)
    assert looks[0] == looks[4] == (200, 200)
    assert looks[-1] == (401, 401)
    assert sorted(looks) == looks


def test_an_operator_ends_sessions(gateway, ctl):
    browser, other = gateway.signed_in(KNOWN), gateway.signed_in(OTHER)
    assert alive(browser)
    assert ctl("account", "end-sessions", KNOWN).returncode == 0
    until(lambda: browser.get("/").status == 401, 1.5)
    assert not alive(browser) and alive(other)
    assert gateway.signed_in(KNOWN)


# ---- the password ------------------------------------------------------------------------------


def change(browser, current, password, repeat=None):
    return browser.api("POST", "/password", {"current_password": current, "password": password,
                                             "password_repeat": repeat or password})


def test_changing_the_password(gateway):
    old, new = gateway.people[KNOWN].password, NEXT.format(1)
    browser, elsewhere, other = (gateway.signed_in(iin) for iin in (KNOWN, KNOWN, OTHER))
    assert change(gateway.browser(), old, new).code == "no_session"
    wrong = change(browser, "Wrong!Password1", new)
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    assert alive(elsewhere)
    assert change(browser, old, new).status == 204
    assert alive(browser) and alive(other) and not alive(elsewhere)
    assert gateway.browser().sign_in(KNOWN, old).code == "invalid_credentials"
    assert gateway.browser().sign_in(KNOWN, new).status == 200
    assert change(browser, new, "Sarybulaq-ﬁ-Tulpar!2").status == 204  # as typed elsewhere: NFKC
    assert gateway.browser().sign_in(KNOWN, "Sarybulaq-fi-Tulpar!2").status == 200


TEXTS = [  # more than the wrong passwords that anybody may give
    ("Aa1!", None, {"password_length"}),
    ("sarybulaq-1-tulpar!", None, {"password_upper"}),
    ("SARYBULAQ-1-TULPAR!", None, {"password_lower"}),
    ("Sarybulaq-Tulpar!", None, {"password_digit"}),
    ("Sarybulaq-1-Tulpar", None, {"password_special"}),
    ("Сарыбұлақ-1-Тұлпар!", None, {"password_upper", "password_lower"}),
    ("password", None, {"password_length", "password_upper", "password_digit", "password_special",
                        "password_breached"}),
    ("Tulpar!880314493312", None, {"password_personal"}),
    ("Tulpar!14.03.1988-a", None, {"password_personal"}),
    (NEXT.format(1), NEXT.format(2), {"password_repeat_differs"}),
    ("Aa1!" * 300, None, {"too_long"}),
    ("Aa1!" * 100, None, {"password_too_long"}),
    ("", None, {"password_length"}),
]


def test_rules_of_the_text_come_first_and_cost_nothing(gateway):
    browser = gateway.signed_in(KNOWN)
    for password, repeat, codes in TEXTS:
        answer = change(browser, "Wrong!Password1", password, repeat)
        assert answer.code == "validation_failed"
        assert {error["code"] for error in answer.json["errors"]} == codes, password
        fields = {error["field"] for error in answer.json["errors"]}
        assert fields <= {"password", "password_repeat"}
    assert change(browser, gateway.people[KNOWN].password, NEXT.format(1)).status == 204


def test_rules_of_the_person_are_told_to_the_owner_only(gateway):
    browser = gateway.signed_in(KNOWN)
    present, with_phone = gateway.people[KNOWN].password, "Tulpar!x7015559223"
    assert change(browser, "Wrong!Password1", with_phone).code == "invalid_credentials"
    answer = change(browser, present, with_phone)
    assert answer.json["errors"] == [{"field": "password", "code": "password_personal"}]
    used = [present]
    for number in range(5):
        assert change(browser, used[-1], NEXT.format(number)).status == 204
        used.append(NEXT.format(number))
    for before in used[1:]:
        answer = change(browser, used[-1], before)
        assert answer.json["errors"] == [{"field": "password", "code": "password_reused"}]
    assert change(browser, "Wrong!Password1", used[-1]).code == "invalid_credentials"
    assert change(browser, used[-1], used[0]).status == 204  # the sixth last


def test_wrong_passwords_make_the_owner_wait_too(gateway):
    browser = gateway.signed_in(KNOWN)
    for _ in range(5):
        assert change(browser, "Wrong!Password1", NEXT.format(1)).status == 401
    answer = change(browser, gateway.people[KNOWN].password, NEXT.format(1))
    assert (answer.status, answer.code) == (429, "throttled")
    assert int(answer.header("retry-after")) == answer.json["retry_after"] >= 1


# ---- consents and language ---------------------------------------------------------------------


def test_consents(gateway):
    assert gateway.browser().api("GET", "/consents").status == 401
    browser = gateway.browser()
    browser.sign_in(KNOWN, gateway.people[KNOWN].password, lang="kk")
    version = {row["kind"]: row["version"] for row in browser.api("GET", "/meta").json["consents"]}

    def listed():
        found = browser.api("GET", "/consents").json["consents"]
        assert all(TIME.fullmatch(row.pop("agreed_at")) for row in found)
        assert {row["kind"]: row["version"] for row in found} == version
        return {row["kind"]: (row["lang"], row["withdrawn_at"] is None) for row in found}

    assert listed() == {"terms": ("kk", True), "notifications": ("kk", True)}
    for kind in ("nonsense", "terms%00", "terms/", "Terms"):
        assert browser.api("DELETE", f"/consents/{kind}").status in (400, 404)
    assert browser.api("DELETE", "/consents/notifications").status == 204
    assert browser.api("DELETE", "/consents/notifications").status == 404
    assert listed() == {"terms": ("kk", True), "notifications": ("kk", False)}
    assert gateway.signed_in(OTHER).api("GET", "/consents").json["consents"][0]["withdrawn_at"] is None
    browser.sign_in(KNOWN, gateway.people[KNOWN].password, lang="en")
    assert listed() == {"terms": ("kk", True), "notifications": ("en", True)}


def test_locale(gateway):
    browser = gateway.signed_in(KNOWN)
    assert gateway.browser().api("PUT", "/locale", {"locale": "kk"}).status == 401
    for locale in ("kk", "en", "ru"):
        assert browser.api("PUT", "/locale", {"locale": locale}).status == 204
        assert browser.api("GET", "/session").json["account"]["locale"] == locale
    for wrong in ("de", "KK", "", "kk\u0000", None, 1, ["kk"]):
        assert browser.api("PUT", "/locale", {"locale": wrong}).status in (400, 422)
    assert browser.api("GET", "/session").json["account"]["locale"] == "ru"
