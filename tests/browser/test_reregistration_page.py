"""A child's cabinet moves to the parent who asks: the page, with the app's page or client beside it."""

import contextlib
import json
import os
import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS, Page
from support import until
from test_recovery import activate, app_of, sandbox, sms_code

__all__ = ["sandbox"]
RU = WORDS["ru"]
NEW = "Altyn-Kun#2027zhol"
MOTHER, NUMBER = "950418490715", "+77785550715"  # the number is new, no app is on it
QUEUE = {"child_iin": "200229699997", "birth_certificate": "№ 0100532718", "parent1_iin": "7901 3039 2190",
         "parent2_iin": MOTHER, "attendance": "queue"}
HOLDER, FATHER = "880314493312", "860922390740"
KINDERGARTEN = {"child_iin": "190901692284", "birth_certificate": "1904518", "parent1_iin": HOLDER,
                "parent2_iin": FATHER, "attendance": "kindergarten"}
ALONE = "920705493744"
WIDTHS = (320, 360, 1280)


# ---- on the page ------------------------------------------------------------------------


def answer(page, answers):
    for name, value in answers.items():
        if name == "attendance":
            page.find(value).click()
        else:
            page.type(name, value)
    page.find("next").click()


def to_evidence(page):
    page.open("/kabinet/reregistration?lang=ru")
    page.shown("explain").submit()
    page.shown("child_iin")


def to_contact(page, answers):
    to_evidence(page)
    answer(page, answers)
    page.shown("sure-yes").click()
    page.shown("phone")


def ask_code(page, iin, number):
    page.type("iin", iin)
    page.type("phone", number)
    page.find("get-code").click()


def finish(page, code):
    page.type("code", code)
    page.type("password", NEW)
    assert len(page.all("#rules li.met")) == 5
    page.type("password_repeat", NEW)
    page.find("finish").click()


def state(page):
    flow = page.script("return new URLSearchParams(location.search).get('flow')")
    return page.driver.execute_async_script("""
        const done = arguments[1];
        fetch('/kabinet/api/v1/flows/' + arguments[0]).then((r) => r.json()).then((f) => done(f.state ?? f.code));
        """, flow)


def look(page, name, sign):
    """The state at every width in every language, each time as after a reload."""
    here = page.driver.current_url.removeprefix(page.url)
    for lang in LANGUAGES:
        page.open(here.replace("lang=ru", f"lang={lang}"))
        page.shown(sign)
        for width in WIDTHS:
            page.size(width)
            assert not page.wide(), f"{name} in {lang} scrolls sideways at {width} px"
            assert page.complaints() == [], f"{name} in {lang} at {width} px"
        assert page.untold() == []
    page.open(here)
    page.shown(sign)


# ---- beside the page --------------------------------------------------------------------


class Phone(Page):
    """The app's page, in another tab."""

    def __init__(self, page):
        super().__init__(page.driver, page.gateway)
        self.first = page.driver.current_window_handle
        page.driver.switch_to.new_window("tab")
        self.tab = page.driver.current_window_handle
        page.driver.switch_to.window(self.first)

    @contextlib.contextmanager
    def at_hand(self):
        self.driver.switch_to.window(self.tab)
        yield self
        self.driver.switch_to.window(self.first)

    def close_tab(self):
        self.driver.switch_to.window(self.tab)
        self.driver.close()
        self.driver.switch_to.window(self.first)

    def activate(self, sandbox, number, otp):
        with self.at_hand():
            self.open("/kabinet/app/?lang=ru")
            self.type("phone", number)
            self.find("terms").click()
            self.find("phone").send_keys(Keys.ENTER)
            self.type("otp", otp + Keys.ENTER)
            self.shown("sms")
            self.type("sms", sms_code(sandbox, number) + Keys.ENTER)
            self.shown("live")

    def is_of(self, iin):
        """This browser holds the key of the phone that the person has had for long."""
        path = os.path.join(self.gateway.stack.devices, f"{iin}.jwk")
        with open(path, encoding="utf-8") as file, self.at_hand():
            self.open("/kabinet/app/?lang=ru")
            error = self.driver.execute_async_script("""
                const [jwk, done] = arguments, curve = { name: 'ECDSA', namedCurve: 'P-256' };
                const { kty, crv, x, y, d } = jwk;
                (async () => {
                  const { save } = await import('/kabinet/assets/app-key.js');
                  const key = (half, extractable, use) => crypto.subtle.importKey('jwk', half, curve, extractable, use);
                  await save({ id: jwk.kid, state: 'active', keys: {
                    privateKey: await key({ kty, crv, x, y, d }, false, ['sign']),
                    publicKey: await key({ kty, crv, x, y }, true, ['verify']) } });
                })().then(() => done(null), (reason) => done(String(reason)));""", json.load(file))
            assert error is None
            self.driver.refresh()
            self.ready()
            self.shown("live")

    def tap(self, sign):
        with self.at_hand():
            self.wait(lambda: [b for b in self.all(".signs button") if b.text == sign])[0].click()
            self.wait(lambda: self.text("code-digits"))
            return self.text("code-digits").replace(" ", "")


@pytest.fixture
def phone(page):
    """Another tab."""
    phone = Phone(page)
    yield phone
    phone.close_tab()


def children(gateway, iin, password=NEW):
    """Of whoever signs in: for how many children they act."""
    browser = gateway.browser()
    answer = browser.sign_in(iin, password)
    assert answer.status == 200, answer.body
    return len(browser.api("GET", "/children").json["children"])


# ---- the whole way ----------------------------------------------------------------------


@pytest.mark.gateway(conf="kabinet_web_app on;")
def test_on_a_new_number_without_an_app(page, phone, sandbox):  # noqa: F811
    """From the sign-in, where the number is one that she has lost, to the cabinet on the new one."""
    page.open("/kabinet/login?lang=ru")
    page.identify(MOTHER)
    page.shown("forgot").click()
    page.at("/kabinet/recovery")
    page.ready()
    page.shown("otp")
    page.find("beside-activate").find_element(By.TAG_NAME, "a").click()
    page.at("/kabinet/reregistration")
    page.ready()
    page.shown("explain")
    look(page, "explain", "explain")
    page.find("explain").submit()
    page.shown("child_iin")
    look(page, "evidence", "child_iin")
    answer(page, QUEUE)
    page.shown("sure-yes")
    look(page, "confirm", "sure-yes")
    page.find("sure-yes").click()
    page.shown("phone")
    assert not page.find("finish").is_enabled() and not page.find("password").is_enabled()
    look(page, "contact", "phone")
    ask_code(page, MOTHER, "8 778 555 07 15")
    otp = page.shown("otp").text
    look(page, "activate", "otp")
    phone.activate(sandbox, NUMBER, otp)
    page.says("device", RU["recovery.bound"])
    page.find("send").click()
    page.says("sent", "+777****0715")
    assert page.find("iin").get_attribute("readonly") and page.find("phone").get_attribute("value") == NUMBER
    look(page, "code", "sign")
    finish(page, phone.tap(page.text("sign")))
    page.says("at-done", RU["reregistration.done"])
    assert page.focused() == "at-done"
    look(page, "done", "at-done")
    page.find("finished").find_element(By.TAG_NAME, "a").click()
    page.at("/kabinet/login")
    page.ready()
    page.identify(MOTHER)
    page.type("password", NEW + Keys.ENTER)
    page.wait(lambda: page.driver.current_url == page.url + "/")
    assert children(page.gateway, MOTHER) == 1
    assert page.gateway.sql("SELECT count(*) FROM moderation") == [(0,)], "nothing was held"


def take_over(page):
    """The father, whose app is a client beside the page, up to the hold."""
    to_contact(page, KINDERGARTEN)
    ask_code(page, FATHER, page.gateway.people[FATHER].phone)
    app = app_of(page.gateway, FATHER)
    sign = page.shown("sign").text
    challenge = until(lambda: app.challenges()["challenges"], what="nothing waits in the app")[-1]
    assert challenge["purpose"] == "reregistration"
    finish(page, app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": sign})["code"])
    page.says("held-about", RU["reregistration.held.child"])
    page.says("held-child", RU["reregistration.held.sign_in"])
    assert page.focused() == "at-held"
    return app


@pytest.mark.gateway(conf="kabinet_reregistration_hold 12s;")
def test_the_hold_is_over_and_nobody_objected(page, sandbox):  # noqa: F811
    gateway = page.gateway
    take_over(page)
    assert children(gateway, FATHER) == 0
    assert children(gateway, HOLDER, gateway.people[HOLDER].password) == 1
    look(page, "held", "at-held")
    until(lambda: children(gateway, FATHER) == 1, 30, "the child was not moved")
    assert children(gateway, HOLDER, gateway.people[HOLDER].password) == 0


@pytest.mark.gateway(conf="kabinet_web_app on; kabinet_reregistration_hold 20s;")
def test_the_holder_objects_in_the_app(page, phone, sandbox):  # noqa: F811
    gateway = page.gateway
    phone.is_of(HOLDER)
    take_over(page)
    begun = time.monotonic()
    with phone.at_hand():
        phone.driver.refresh()
        phone.ready()
        phone.says("alerts", RU["event.hold"])
        phone.find("alerts").find_element(By.TAG_NAME, "button").click()
        phone.says("sure-about", RU["app.object.hold"])
        phone.find("sure-yes").click()
        phone.says("notice", RU["app.objected"])
    assert time.monotonic() - begun < 18, "the hold is over: this machine is too slow for the test"
    assert gateway.sql("SELECT state FROM moderation") == [("open",)]
    time.sleep(max(0, 25 - (time.monotonic() - begun)))  # past the hold and two looks of its timer
    assert gateway.sql("SELECT state FROM moderation") == [("open",)]
    assert children(gateway, FATHER) == 0
    assert children(gateway, HOLDER, gateway.people[HOLDER].password) == 1


def test_her_own_number_waits_while_she_lives_on_another(page, sandbox):  # noqa: F811
    """One parent alone, who signed in lately: the password must not be promised before the number counts."""
    gateway, number = page.gateway, "+77475550001"
    sandbox.put(f"/sandbox/bmg/{ALONE}", {"phone": number})
    assert children(gateway, ALONE, gateway.people[ALONE].password) == 1
    to_contact(page, {"child_iin": "210228590636", "birth_certificate": "П ЖА №204511", "parent1_iin": ALONE,
                      "parent2_iin": "", "attendance": "queue"})
    ask_code(page, ALONE, number)
    app, sms = activate(gateway, sandbox, page.shown("otp").text, number)
    assert app.proof(sms)["state"] == "active"
    page.says("device", RU["recovery.bound"])
    page.find("send").click()
    sign = page.shown("sign").text
    challenge = app.challenges()["challenges"][-1]
    finish(page, app.call("POST", f"/challenges/{challenge['id']}/open", {"sign": sign})["code"])
    page.says("held-about", RU["reregistration.held.number"])
    assert not page.find("held-child").is_displayed(), "a sign-in with the new password would fail"
    assert gateway.browser().sign_in(ALONE, NEW).status == 401
    assert children(gateway, ALONE, gateway.people[ALONE].password) == 1
    look(page, "held", "at-held")


# ---- step by step -----------------------------------------------------------------------


def test_questions_by_keyboard(page):
    to_evidence(page)
    assert page.focused() == "at-evidence"
    order = []
    for _ in range(6):
        page.press(Keys.TAB)
        order.append(page.focused())
    assert order == ["child_iin", "birth_certificate", "parent1_iin", "parent2_iin", "queue", "next"]
    page.press(Keys.ENTER)
    page.says("child_iin-error", RU["field.missing"])
    assert page.focused() == "child_iin"
    told = {error.get_attribute("id") for error in page.all("#evidence .error") if error.text}
    assert told == {f"{name}-error" for name in QUEUE} - {"parent2_iin-error"}, "the second parent may be left out"
    page.press("200229699998", Keys.TAB, "x", Keys.TAB, QUEUE["parent1_iin"], Keys.TAB, MOTHER, Keys.TAB, Keys.SPACE,
               Keys.ENTER)
    page.says("child_iin-error", RU["field.iin_check_digit"])
    page.says("birth_certificate-error", RU["field.certificate_length"])
    assert page.focused() == "child_iin"
    page.type("child_iin", QUEUE["child_iin"])
    page.type("birth_certificate", QUEUE["birth_certificate"] + Keys.ENTER)
    page.shown("sure-yes")
    assert page.focused() == "sure-yes"
    page.press(Keys.TAB)
    assert page.focused() == "sure-no"
    page.press(Keys.ESCAPE)
    page.wait(lambda: state(page) == "evidence")
    page.wait(lambda: page.focused() == "at-evidence")
    assert not page.find("sure").is_displayed()
    page.find("next").click()
    page.shown("sure-no").click()
    page.wait(lambda: state(page) == "evidence")
    page.find("next").click()
    page.shown("sure-yes").send_keys(Keys.ENTER)
    page.says("at-contact", RU["login.step2"].upper())
    assert page.focused() == "at-contact"


def test_every_miss_is_told_alike_and_three_a_day(page):
    to_evidence(page)
    for name, wrong in (("birth_certificate", "0100532719"), ("parent2_iin", ""), ("attendance", "kindergarten")):
        answer(page, {**QUEUE, name: wrong})
        page.shown("sure-yes").click()
        page.says("notice", RU["reregistration.mismatch"])
        assert page.text("notice") == RU["reregistration.mismatch"]
        assert [error.text for error in page.all("#evidence .error") if error.text] == []
        assert state(page) == "evidence" and page.focused() == "at-evidence"
    answer(page, QUEUE)
    page.shown("sure-yes").click()
    page.says("notice", RU["reregistration.tries"])
    page.says("notice", RU["notice.wait_hours"].replace("{n}", "24"))
    assert page.find("next").is_enabled() and page.find("child_iin").get_attribute("value") == QUEUE["child_iin"]
    assert page.complaints() == []


def test_a_reload_and_a_look_at_help_lose_nothing(page):
    to_evidence(page)
    page.type("child_iin", "2002 2969")
    page.find("kindergarten").click()
    page.driver.refresh()
    page.ready()
    assert page.shown("child_iin").get_attribute("value") == "20022969"
    assert page.find("kindergarten").is_selected()
    answer(page, QUEUE)
    page.shown("sure-yes")
    page.driver.refresh()
    page.ready()
    page.shown("sure-yes").click()
    page.type("phone", "+7 778 55")
    page.find("what-is-bmg").click()
    page.at("/kabinet/help")
    page.ready()
    assert "from=reregistration" in page.driver.current_url and "flow=" in page.driver.current_url
    page.shown("return").click()
    page.at("/kabinet/reregistration")
    page.ready()
    assert page.shown("phone").get_attribute("value") == "+7 778 55"
    assert page.script("return sessionStorage.length") == 0
    page.find("to-evidence").click()
    page.wait(lambda: page.focused() == "at-evidence")
    assert not page.find("sure").is_displayed()
    typed = {name: page.find(name).get_attribute("value") for name in QUEUE if name != "attendance"}
    assert typed == {**{name: QUEUE[name] for name in typed}, "parent1_iin": "790130392190"}
    assert page.find("queue").is_selected()


def test_a_number_that_does_not_fit(page, sandbox):  # noqa: F811
    to_contact(page, QUEUE)
    page.find("get-code").click()
    page.says("iin-error", RU["field.missing"])
    page.says("phone-error", RU["field.missing"])
    ask_code(page, FATHER, "+7 7172 55 55 55")
    page.says("phone-error", RU["field.phone_fixed_line"])
    ask_code(page, FATHER, NUMBER)
    page.says("iin-error", RU["field.not_parent"])
    assert page.focused() == "iin"
    ask_code(page, MOTHER, "+77771112233")
    page.says("notice", RU["error.bmg_mismatch"])
    page.find("notice").find_element(By.TAG_NAME, "a").click()
    page.at("/kabinet/help")
    assert "topic=bmg_mismatch" in page.driver.current_url
    page.ready()
    page.shown("return").click()
    page.ready()
    assert page.shown("iin").get_attribute("value") == MOTHER
    page.gateway.stack.stop_sandbox()
    ask_code(page, MOTHER, NUMBER)
    page.says("notice", RU["error.service_unavailable"])
    assert page.find("phone").get_attribute("value") == NUMBER and state(page) == "contact"
    page.gateway.stack.start_sandbox()

    def again():
        for button in page.all("#notice button"):
            button.click()
        page.wait(lambda: page.find("contact").get_attribute("aria-busy") == "false")
        return page.find("otp").is_displayed()

    page.wait(again, seconds=30)
    page.find("activate").find_element(By.CLASS_NAME, "back").click()
    page.wait(lambda: page.focused() == "at-contact")
    assert page.find("phone").get_attribute("value") == NUMBER


def test_the_code_and_what_locks(page, sandbox):  # noqa: F811
    to_contact(page, KINDERGARTEN)
    ask_code(page, FATHER, page.gateway.people[FATHER].phone)
    page.shown("sign")
    assert page.focused() == "at-code"
    assert not page.find("get-code").is_displayed()
    for name, typed in (("code", "0000"), ("password", NEW), ("password_repeat", NEW + Keys.ENTER)):
        page.type(name, typed)
    page.says("code-error", RU["error.code_wrong"])
    page.says("attempts", RU["recovery.left"].replace("{n}", "2"))
    page.find("change").click()
    page.wait(lambda: page.focused() == "at-contact")
    assert not page.find("sign").is_displayed() and not page.find("code").is_enabled()
    assert not page.find("phone").get_attribute("readonly") and page.find("get-code").is_displayed()


@pytest.mark.parametrize("at", ["explain", "evidence", "code-form"])
def test_cancel_leaves_nothing(page, at):
    if at == "code-form":
        to_contact(page, QUEUE)
    else:
        to_evidence(page)
        if at == "explain":
            page.find("evidence").find_element(By.CLASS_NAME, "back").click()
            page.shown("explain")
    here = page.driver.current_url
    page.find(at).find_element(By.CLASS_NAME, "cancel").click()
    page.at("/kabinet/login")
    page.ready()
    page.shown("iin")
    page.driver.get(here)
    page.ready()
    page.says("notice", RU["reregistration.over"])
    assert state(page) == "explain" and page.script("return sessionStorage.length") == 0


def test_the_way_from_recovery_when_the_number_is_strange(page):
    page.open("/kabinet/recovery?lang=ru")
    page.type("iin", FATHER + Keys.ENTER)
    page.shown("sign")
    link = page.find("code-form").find_element(By.CLASS_NAME, "not-mine")
    assert link.text == RU["recovery.not_mine"]
    link.click()
    page.at("/kabinet/reregistration?lang=ru")
    page.ready()
    page.shown("explain")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_small_enough_for_a_slow_link(page, lang):
    """KAZAKHSTAN.md: under 100 KiB with everything; nginx compresses it."""
    page.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.open(f"/kabinet/reregistration?lang={lang}&at={time.time()}")
    page.shown("explain").submit()
    page.shown("child_iin")
    page.wait(lambda: page.script("return document.querySelector('.example img').complete"))
    packed, plain = page.script("""
        const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        return ['encodedBodySize', 'decodedBodySize'].map((size) => all.reduce((sum, entry) => sum + entry[size], 0));""")
    assert 15_000 < packed < 50 * 1024 and plain > 2 * packed, (packed, plain)
    print(f"{lang}: {packed / 1024:.1f} KiB, unpacked {plain / 1024:.1f}")
