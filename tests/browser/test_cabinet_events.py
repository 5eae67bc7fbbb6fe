"""The cabinet's feed, «это был не я», the app's activation, phones, children."""


import pytest
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS
from support import until
from test_every_page import look
from kabinet_app.api import Refusal
from test_recovery import activate, app_of, begin, sandbox
from test_reregistration import take_over

__all__ = ["sandbox"]
RU = WORDS["ru"]
OWNER, BARE = "880314493312", "920705493744"  # with an app, without one
# Waits of minutes are over in a moment; what is shorter is left alone.
HURRY = "const real = window.setTimeout;" \
    "window.setTimeout = (work, ms, ...more) => real(work, ms > 60000 ? 1500 : ms, ...more);"


def words(page, selector):
    """Read at once: rows may be drawn anew between two looks."""
    return page.script("return Array.from(document.querySelectorAll(arguments[0]), (e) => e.innerText)", selector)


def notice_is(page, name):
    page.says("notice", RU[name])


def clicked(page, selector):
    page.wait(lambda: page.script("return document.querySelector(arguments[0])?.checkVisibility()", selector), f"no {selector}")
    page.all(selector)[0].click()


def another_phone(page, sandbox, iin):
    """Somebody with the number and no password, by a forgotten password."""
    browser = page.gateway.browser()
    flow = begin(browser, iin)
    if flow["state"] == "code":
        flow = browser.step("new_device").json
    app, sms = activate(page.gateway, sandbox, flow["data"]["one_time_password"], page.gateway.people[iin].phone)
    return app, app.proof(sms)["state"]


def objected(page, selector):
    """Asked, left, asked again, said."""
    clicked(page, f"{selector} button")
    page.shown("sure")
    assert page.focused() == "sure-no"
    page.press(Keys.ESCAPE)
    assert not page.find("sure").is_displayed()
    clicked(page, f"{selector} button")
    page.shown("sure-yes").click()


# ---- the feed ----------------------------------------------------------------------------------


def test_the_feed(page):
    for _ in range(5):
        page.gateway.browser().sign_in(OWNER, "Wrong!Password1")
    page.gateway.redis.flushall()
    page.sign_in()
    page.shown("cards")
    assert len(page.all("#events li")) == 5
    assert words(page, "#events .name")[:2] == [RU["event.sign_in"], RU["event.sign_in_failed"]]
    assert page.all("#events button") == [] and not page.find("alert").is_displayed()
    page.find("more-events").click()
    assert len(page.all("#events li")) == 6 and not page.find("more-events").is_displayed()
    assert page.script("return document.activeElement === document.querySelectorAll('#events li')[5]")
    page.find("locale").send_keys("Eng")
    notice_is(page, "locale.done")
    page.find("reread").click()
    page.wait(lambda: words(page, "#events .name")[0] == RU["event.locale"])
    clicked(page, "[data-lang=kk]")
    page.wait(lambda: words(page, "#events .name")[0] == WORDS["kk"]["event.locale"])


def test_a_phone_that_waits_stands_on_top(page, sandbox):
    page.sign_in()
    app, state = another_phone(page, sandbox, OWNER)
    assert state == "held"
    page.find("reread").click()
    page.shown("alert")
    assert words(page, "#alerts .name") == [RU["event.device"]]
    page.says("devices", RU["devices.held"].split("{")[0])
    objected(page, "#alerts")
    notice_is(page, "app.objected")
    assert page.focused() == "events-title" and not page.find("alert").is_displayed()
    assert RU["app.object.done"] in page.text("events")
    with pytest.raises(Refusal) as refused:
        app.challenges()
    assert refused.value.code == "device_unknown"
    page.at("/kabinet/cabinet")


def test_a_weak_phone_is_objected_away_with_every_session(page, sandbox):
    page.sign_in(BARE)
    app, state = another_phone(page, sandbox, BARE)
    assert state == "active"
    page.find("reread").click()
    page.shown("alert")
    objected(page, "#alerts")
    page.at("/kabinet/login")
    notice_is(page, "notice.objected")
    with pytest.raises(Refusal):
        app.challenges()
    assert page.gateway.sql("SELECT count(*) FROM session WHERE ended_at IS NULL") == [(0,)]


def test_a_hold_stands_on_top(page, sandbox):
    """Of who signs in because a message says so."""
    take_over(page.gateway, page.gateway.browser())
    page.sign_in()
    page.shown("alert")
    assert RU["event.hold"] in words(page, "#alerts .name")
    objected(page, "#alerts")
    notice_is(page, "app.objected")
    assert page.gateway.sql("SELECT state FROM moderation") == [("open",)]
    page.says("children", "19********84")


def test_somebody_else_was_faster(page, sandbox):
    page.sign_in()
    another_phone(page, sandbox, OWNER)
    page.find("reread").click()
    page.shown("alert")
    page.gateway.sql("UPDATE event SET object_until = now() WHERE object_until IS NOT NULL")
    objected(page, "#alerts")
    notice_is(page, "app.object.late")
    assert not page.find("alert").is_displayed()


# ---- «Активировать приложение» -----------------------------------------------------------------


def test_the_page_sees_the_app_come(page, sandbox):
    page.sign_in()
    page.shown("show-pair").click()
    otp = page.shown("otp").text
    assert [len(part) for part in otp.split()] == [4, 4, 5] and page.focused() == "pair-title"
    page.wait(lambda: page.script("const i = document.getElementById('activate-qr'); return i.complete && i.naturalWidth > 0"))
    page.says("device", RU["recovery.waiting"])
    number = page.gateway.people[OWNER].phone
    app, sms = activate(page.gateway, sandbox, otp.replace(" ", ""), number)
    page.says("device", RU["recovery.proving"])
    assert app.proof(sms)["state"] == "active"
    notice_is(page, "recovery.bound")
    assert not page.find("pair").is_displayed() and page.text("otp") == ""
    assert page.focused() == "events-title"
    assert len(page.all("#devices li")) == 2 and words(page, "#events .name")[0] == RU["event.device"]
    assert page.all("#events button") == []  # a session spoke for it
    page.shown("show-pair")


def test_another_pair_and_none(page):
    page.sign_in()
    page.shown("show-pair").click()
    first = page.shown("otp").text
    page.find("renew").click()
    page.wait(lambda: page.text("otp") not in ("", first))
    page.find("hide-pair").click()
    page.wait(lambda: page.focused() == "show-pair")
    assert page.script("return document.getElementById('otp').textContent") == ""
    assert page.script("return document.getElementById('activate-qr').getAttribute('src')") is None


def test_a_pair_that_is_over_is_shown_no_more(page):
    hurry = page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HURRY})
    try:
        page.sign_in()
        page.shown("show-pair").click()
        page.shown("otp")
        page.says("device", RU["activation.expired"])
        assert not page.find("secrets").is_displayed()
        assert page.script("return document.getElementById('otp').textContent") == ""
        page.find("renew").click()
        page.shown("otp")
    finally:
        page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", hurry)


def test_no_number_no_pair(page):
    page.gateway.sql("UPDATE account SET phone = NULL, phone_index = NULL, phone_index_key = NULL")
    page.sign_in()
    page.says("no-phone", RU["field.phone_missing"])
    assert not page.find("show-pair").is_displayed()


def test_a_session_that_ends_takes_the_pair_along(page):
    page.sign_in()
    page.shown("show-pair").click()
    page.shown("otp")
    assert page.gateway.signed_in(OWNER).api("DELETE", "/sessions").status == 204
    page.find("renew").click()
    page.at("/kabinet/login")
    notice_is(page, "notice.session_over")


# ---- phones ------------------------------------------------------------------------------------


def test_a_phone_is_removed_with_the_password(page, sandbox):
    app = app_of(page.gateway, OWNER)
    app.challenges()
    page.sign_in()
    clicked(page, "#devices button")
    page.shown("removal")
    assert page.focused() == "removal_password"
    page.press(Keys.ENTER)
    page.says("removal_password-error", RU["field.missing"])
    page.press("Wrong!Password1", Keys.ENTER)
    page.says("removal_password-error", RU["field.current_password"])
    page.type("removal_password", page.gateway.people[OWNER].password + Keys.ENTER)
    notice_is(page, "devices.done")
    assert page.focused() == "devices-title" and not page.find("removal").is_displayed()
    assert RU["devices.removed"].split("{")[0] in page.text("devices")
    assert page.all("#devices li button") == []
    assert words(page, "#events .name")[0] == RU["event.device_removed"]
    with pytest.raises(Refusal):
        app.challenges()
    told = until(lambda: [m for m in sandbox.messages() if m["channel"] in ("push", "sms")])
    assert any(RU["message.push.device_removed.body"] in m["text"] or RU["message.sms.device_removed"] in m["text"]
               for m in told)


def test_removal_is_left_and_waits(page):
    page.sign_in()
    clicked(page, "#devices button")
    page.shown("keep").click()
    assert not page.find("removal").is_displayed()
    assert page.script("return document.activeElement === document.querySelector('#devices button')")
    clicked(page, "#devices button")
    clicked(page, "[data-lang=en]")  # drawn anew around the question
    page.says("removal", WORDS["en"]["devices.ask"])
    for _ in range(5):
        page.type("removal_password", "Wrong!Password1" + Keys.ENTER)
        page.wait(lambda: page.find("removal").get_attribute("aria-busy") == "false" and page.text("removal_password-error"))
    page.type("removal_password", "Wrong!Password1" + Keys.ENTER)
    page.wait(lambda: not page.find("remove").is_enabled())


def test_nobody_has_everything(page):
    """An account without app, child and number says so instead of showing empty lists."""
    page.sign_in(BARE)
    page.says("no-devices", RU["devices.empty"])
    assert not page.find("no-children").is_displayed() and RU["children.queue"] in page.text("children")
    page.gateway.sql("UPDATE guardianship SET frozen_at = now()")
    page.driver.refresh()
    page.ready()
    page.wait(lambda: RU["children.disputed"] in page.text("children"))
    page.gateway.sql("UPDATE guardianship SET frozen_at = NULL, ended_at = now()")
    page.driver.refresh()
    page.ready()
    page.says("no-children", RU["children.empty"])


def test_all_of_it_is_accessible_and_narrow(page, sandbox):
    page.sign_in()
    another_phone(page, sandbox, OWNER)
    page.find("reread").click()
    page.shown("alert")
    page.find("show-pair").click()
    page.shown("otp")
    clicked(page, "#devices button")
    page.press(Keys.ENTER)
    page.says("removal_password-error", RU["field.missing"])
    for lang in LANGUAGES:
        clicked(page, f"[data-lang={lang}]")
        page.wait(lambda: page.script("return document.documentElement.lang") == lang)
        look(page, f"the cabinet in {lang}")
    page.size(1280)
    page.dark(True)
    try:
        assert page.complaints() == []
    finally:
        page.dark(False)
