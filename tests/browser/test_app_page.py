"""The app's page, in front of a double that checks every signature by itself (app_double), and beside
other phones in front of the real gateway."""

import email.utils
import mimetypes
import re
import time
import zlib
from urllib.parse import parse_qs

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from app_double import Gateway, Handler, problem
from kabinet_app.api import Refusal
from page import LANGUAGES, WORDS, Page
from support import ROOT
from test_recovery import activate as activate_other
from test_recovery import begin, sandbox, sms_code

__all__ = ["sandbox"]

BASE = "/kabinet/api/v1/app"
RU = WORDS["ru"]
DEVICE = "01993f6e-8a4c-7d21-b2f0-5c3e9a7d1b64"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; base-uri 'none'; form-action 'self'")
OTP = "4820 1937 56127"


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def challenge(id="c-1", **more):
    return {"id": id, "purpose": "recovery", "browser": "Chrome, Windows", "place": "Алматы",
            "created_at": stamp(0), "expires_at": stamp(600), "signs": ["17", "42", "88"], **more}


class Pages(Handler):
    """The pages as nginx composes them, beside the API; with the policy that forbids what stands inline."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path.startswith(BASE):
            self.answer()
            return
        file = ROOT / ("i18n" if path.startswith("/kabinet/i18n/") else "web") / path.removeprefix(
            "/kabinet/i18n/").removeprefix("/kabinet/")
        if path == "/kabinet/app":
            data = self.composed()
        else:
            data = file.read_bytes() if file.is_file() else None
        self.send_response_only(200 if data is not None else 404)
        kind = "text/html" if path == "/kabinet/app" else mimetypes.guess_type(path)[0] or "text/plain"
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def composed(self):
        top, _, rest = (ROOT / "web/frame.html").read_text().partition("<!--head-->")
        middle, _, end = rest.partition("<!--body-->")
        head, _, body = (ROOT / "web/app.html").read_text().partition("<!--body-->")
        body = re.sub(r"<!--part ([\w-]+)-->", lambda part: (ROOT / f"web/part-{part[1]}.html").read_text(), body)
        return (top + head + middle + body + end).encode()


class App(Gateway):
    """Answers by route; a test changes `says` and `waiting`."""

    def __init__(self):
        super().__init__(handler=Pages)
        self.waiting, self.happened = [], []
        self.says = {
            "POST /devices": (202, {"device_id": DEVICE, "proof": "sms", "expires_at": stamp(300)}),
            f"POST /devices/{DEVICE}/proof": (200, {"device_id": DEVICE, "state": "active"}),
        }

    def version(self):
        ids = [each["id"] for each in self.waiting]
        return zlib.crc32(repr(ids).encode()) | 1 if ids else 0

    def reply(self, seen):
        method, path = seen["request"].split(" ")
        route, _, query = path.removeprefix(BASE).partition("?")
        end = time.monotonic() + (2 if query else 0)
        known = int(parse_qs(query).get("version", ["0"])[0])
        while self.version() == known and time.monotonic() < end:
            time.sleep(0.02)
        answers = {"GET /challenges": (200, {"challenges": self.waiting, "version": self.version()}),
                   "GET /events": (200, {"events": self.happened}), **self.says}
        status, body, *headers = answers.get(f"{method} {route}", (404, problem(404, "not_found")))
        return status, body, headers[0] if headers else {}

    def asked(self, request):
        return [seen for seen in self.seen if seen["request"] == request.replace(" ", f" {BASE}", 1)]


@pytest.fixture
def app():
    app = App()
    yield app
    app.shutdown()
    app.server_close()
    assert [seen for seen in app.seen if seen["fault"]] == []
    assert [seen for seen in app.seen if seen["cookie"]] == []


@pytest.fixture
def phone(chromium, app):
    chromium.get("about:blank")
    page = Page(chromium, app)
    page.size(360)
    page.errors()
    yield page
    assert page.errors() == []


def number(page, path="/kabinet/app?lang=ru"):
    page.open(path)
    page.type("phone", "+7 700 123 07 15")
    page.find("terms").click()
    page.find("phone").send_keys(Keys.ENTER)


def activate(page):
    number(page)
    page.type("otp", OTP + Keys.ENTER)
    page.type("sms", "481920" + Keys.ENTER)
    page.shown("live")


def look(page):
    assert page.complaints() == []
    assert page.untold() == []
    assert not page.wide()


def test_activation_challenge_code(phone, app):
    number(phone)
    phone.shown("otp")
    look(phone)
    phone.type("otp", "4820 1937 56128" + Keys.ENTER)
    phone.says("otp-error", RU["field.one_time_password"])
    phone.type("otp", OTP + Keys.ENTER)
    phone.shown("sms")
    look(phone)
    sent = app.asked("POST /devices")[0]["fields"]
    assert sent.pop("public_key").keys() == {"kty", "crv", "x", "y"}
    assert sent == {"phone": "+7 700 123 07 15", "one_time_password": "4820193756127", "platform": "web",
                    "accept_terms": True}
    phone.type("sms", "481920" + Keys.ENTER)
    phone.says("notice", RU["app.active"])
    assert phone.focused() == "challenges-title"

    app.waiting = [challenge(), challenge("c-2", purpose="strange", place=None)]
    phone.says("challenges", "42")
    phone.says("notice", RU["app.challenges.new"])
    words = phone.text("challenges")
    told = (RU["app.purpose.recovery"], "Chrome", "Алматы", RU["app.safety"], RU["app.which"])
    order = [words.index(word) for word in told]
    assert order == sorted(order)
    assert len(phone.all(".signs button")) == 3  # none for a purpose that is not known
    look(phone)

    app.says["POST /challenges/c-1/open"] = (200, {"code": "7305", "expires_at": stamp(600)})
    phone.all(".signs button")[1].click()
    phone.says("code-digits", "7305")
    assert app.asked("POST /challenges/c-1/open")[0]["fields"] == {"sign": "42"}
    assert phone.focused() == "code-title"
    look(phone)
    phone.find("hide-code").click()
    phone.wait(lambda: not phone.find("code").is_displayed())
    assert phone.script("return document.getElementById('code').textContent").count("7305") == 0


def test_wrong_sign_deny_report_and_events(phone, app):
    app.waiting = [challenge(), challenge("c-2")]
    app.happened = [{"id": "e-1", "kind": "password_changed", "at": stamp(0), "browser": "Chrome",
                     "object_until": stamp(3600)},
                    {"id": "e-2", "kind": "sign_in", "at": stamp(0)},
                    {"id": "e-3", "kind": "device", "at": stamp(0), "objected": True},
                    {"id": "e-4", "kind": "of_tomorrow", "at": stamp(0)}]
    activate(phone)
    phone.says("challenges", "42")
    app.says["POST /challenges/c-1/open"] = (410, problem(410, "challenge_burned"))
    phone.all(".signs button")[0].click()
    phone.says("notice", RU["app.burned"])
    assert len(phone.all(".signs")) == 1
    app.waiting = app.waiting[1:]
    app.says["POST /challenges/c-2/deny"] = (204, b"")
    phone.all(".asked .actions button")[1].click()
    phone.says("notice", RU["app.reported"])
    app.waiting = []
    assert app.asked("POST /challenges/c-2/deny")[0]["fields"] == {"report": True}

    app.says["POST /events/e-1/object"] = (204, b"")
    assert len(phone.all("#events button")) == 1
    assert not phone.find("alert").is_displayed()  # nothing waits
    for words in (RU["event.password_changed"], RU["event.device"], RU["app.object.done"], "of_tomorrow"):
        assert words in phone.text("events")
    phone.all("#events button")[0].click()
    assert phone.text("sure-about") == RU["app.object.password"]
    look(phone)
    phone.find("sure-no").click()
    assert app.asked("POST /events/e-1/object") == []
    phone.all("#events button")[0].click()
    phone.find("sure-yes").click()
    phone.says("notice", RU["app.objected"])


def test_a_key_survives_a_reload_and_cannot_be_read(phone, app):
    activate(phone)
    phone.driver.refresh()
    phone.shown("live")
    assert app.seen[-1]["keyid"] == DEVICE
    kept = phone.driver.execute_async_script("""
        const done = arguments[0], open = indexedDB.open('kabinet-app', 1);
        open.onsuccess = () => {
          const get = open.result.transaction('device').objectStore('device').get('device');
          get.onsuccess = () => crypto.subtle.exportKey('jwk', get.result.keys.privateKey)
            .then(() => done('readable'), () => done('sealed'));
        };""")
    assert kept == "sealed"
    phone.find("forget").click()
    phone.find("sure-yes").click()
    phone.shown("phone")


def test_a_qr_code_activates_or_claims(phone, app):
    number(phone, "/kabinet/app?lang=ru#k3J_dw-9XyZ0123456789A")
    phone.shown("scanned")
    assert "#" not in phone.driver.current_url
    phone.find("secret").submit()
    phone.type("sms", "481920" + Keys.ENTER)
    phone.shown("live")
    assert app.asked("POST /devices")[0]["fields"]["qr"] == "k3J_dw-9XyZ0123456789A"
    app.says["POST /challenges/claim"] = (200, challenge("c-9"))
    phone.script("location.hash = 'aaaaaaaa-bbbb'")
    phone.says("challenges", "42")
    assert app.asked("POST /challenges/claim")[0]["fields"] == {"qr": "aaaaaaaa-bbbb"}
    polls = len(app.asked("GET /challenges?wait=25"))
    phone.wait(lambda: len(app.asked("GET /challenges?wait=25")) > polls + 1)
    assert "42" in phone.text("challenges")  # though the list does not hold it


def test_a_clock_that_is_off_is_set_by_the_answer(phone, app):
    app.says["POST /devices"] = (401, problem(401, "clock_skew"),
                                 {"Date": email.utils.formatdate(time.time() + 900, usegmt=True)})
    number(phone)
    phone.type("otp", OTP + Keys.ENTER)
    phone.says("notice", RU["app.clock"])
    first, second = (seen["created"] for seen in app.asked("POST /devices"))
    assert 895 < second - first < 905


@pytest.mark.parametrize("answer, says", [
    ((422, problem(422, "proof_wrong", attempts_left=2)), "field.proof_code"),
    ((422, problem(422, "bmg_mismatch")), "app.bmg"),
    ((429, problem(429, "throttled", retry_after=60)), "app.throttled"),
    ((503, problem(503, "service_unavailable")), "error.service_unavailable"),
    ((404, problem(404, "device_unknown")), "app.removed"),
    ((200, {"device_id": DEVICE, "state": "held", "held_until": stamp(86400)}), "app.held.about"),
])
def test_answers_to_the_proof(phone, app, answer, says):
    app.says[f"POST /devices/{DEVICE}/proof"] = answer
    number(phone)
    phone.type("otp", OTP + Keys.ENTER)
    phone.type("sms", "481920" + Keys.ENTER)
    phone.says("main", RU[says])
    look(phone)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_fit_a_phone(phone, app, lang):
    phone.size(320)
    phone.open(f"/kabinet/app?lang={lang}")
    phone.shown("phone")
    look(phone)
    app.waiting = [challenge(purpose="reregistration")]
    app.happened = [{"id": "e-1", "kind": "consent_withdrawn", "at": stamp(0)}]
    phone.type("phone", "87001230715")
    phone.find("terms").click()
    phone.find("phone").send_keys(Keys.ENTER)
    phone.type("otp", OTP + Keys.ENTER)
    phone.type("sms", "481920" + Keys.ENTER)
    phone.says("challenges", "42")
    look(phone)


def test_a_refusal_of_bmg_leads_to_its_answer(phone, app):
    number(phone)
    phone.type("otp", OTP + Keys.ENTER)
    app.says[f"POST /devices/{DEVICE}/proof"] = (422, problem(422, "bmg_not_registered"))
    phone.type("sms", "481920" + Keys.ENTER)
    phone.says("notice", RU["app.bmg"])
    look(phone)
    answer = phone.all("#notice a")[0]
    assert answer.text == RU["help.what"]
    assert answer.get_attribute("href") == f"{phone.url}/kabinet/help?lang=ru&topic=bmg_not_registered&from=app"


def test_a_poll_follows_the_other_with_the_version(phone, app):
    app.waiting = [challenge()]
    activate(phone)
    phone.says("challenges", "42")
    path = f"GET /challenges?wait=25&version={app.version()}"
    phone.wait(lambda: len(app.asked(path)) > 1)
    card = phone.find("challenges").find_element(By.CSS_SELECTOR, ".signs button")
    phone.script("arguments[0].focus()", card)
    app.waiting = [*app.waiting, challenge("c-2")]
    began = time.monotonic()
    phone.wait(lambda: len(phone.all(".signs")) == 2)
    assert time.monotonic() - began < 1
    assert phone.script("return document.activeElement === arguments[0]", card)
    assert 1 <= len(app.asked("GET /challenges")) + len(app.asked("GET /challenges?wait=25")) < 4


def test_it_is_too_late_to_object(phone, app):
    app.happened = [{"id": "e-1", "kind": "password_changed", "at": stamp(0), "object_until": stamp(1)}]
    app.says["POST /events/e-1/object"] = (409, problem(409, "wrong_state"))
    activate(phone)
    phone.wait(lambda: phone.all("#events button"))
    phone.all("#events button")[0].click()
    app.happened = [{"id": "e-1", "kind": "password_changed", "at": stamp(0)}]
    phone.find("sure-yes").click()
    phone.says("notice", RU["app.object.late"])
    assert phone.all("#events button") == [] and phone.focused() == "events-title"


def test_a_removed_phone_reads_the_feed_and_begins_anew(phone, app):
    activate(phone)
    first = app.asked("POST /devices")[0]["fields"]["public_key"]
    app.happened = [{"id": "e-1", "kind": "phone_lost", "at": stamp(0)}]
    app.says["GET /challenges"] = (404, problem(404, "device_unknown"))
    phone.says("notice", RU["app.removed.feed"])
    assert RU["event.phone_lost"] in phone.text("events")
    assert not phone.find("asking").is_displayed()
    look(phone)
    phone.driver.refresh()
    phone.says("events", RU["event.phone_lost"])
    del app.says["GET /challenges"]
    app.jwk = None
    phone.find("reactivate").click()
    phone.shown("phone")
    activate(phone)
    assert app.asked("POST /devices")[-1]["fields"]["public_key"] != first


# ---- beside another phone, at the real gateway --------------------------------------------------

OWNER = "920705493744"


@pytest.mark.gateway(conf="kabinet_web_app on;")
def test_a_second_phone_is_held_seen_and_refused(page, gateway, browser, sandbox):
    number = gateway.people[OWNER].phone
    flow = begin(browser, OWNER)
    page.open("/kabinet/app/?lang=ru")
    page.type("phone", number)
    page.find("terms").click()
    page.find("phone").send_keys(Keys.ENTER)
    page.type("otp", flow["data"]["one_time_password"] + Keys.ENTER)
    page.shown("sms")
    page.type("sms", sms_code(sandbox, number) + Keys.ENTER)
    page.says("notice", RU["app.active"])
    page.says("events", RU["event.device"])
    assert not page.find("alert").is_displayed()  # its own activation

    other = gateway.browser()
    assert begin(other, OWNER)["state"] == "code"
    page.says("notice", RU["app.challenges.new"])
    flow = other.step("new_device").json
    second, sms = activate_other(gateway, sandbox, flow["data"]["one_time_password"], number)
    answer = second.proof(sms)
    assert answer["state"] == "held" and answer["held_until"]
    with pytest.raises(Refusal) as refused:
        second.challenges()
    assert (refused.value.code, refused.value.problem["held_until"]) == ("device_held", answer["held_until"])

    page.script("document.getElementById('reread').focus()")
    page.press(Keys.ENTER)
    page.shown("alert")
    assert len(page.all("#alerts button")) == 1 and len(page.all("#events button")) == 1
    look(page)
    page.script("document.querySelector('#alerts button').focus()")
    page.press(Keys.SPACE)
    assert page.text("sure-about") == RU["app.object.device"] and page.focused() == "sure-no"
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.find("sure").is_displayed())
    assert page.script("return document.activeElement === document.querySelector('#alerts button')")
    page.press(Keys.ENTER)
    page.back_tab()
    assert page.focused() == "sure-yes"
    page.press(Keys.ENTER)
    page.says("notice", RU["app.objected"])
    assert page.focused() == "events-title" and not page.find("alert").is_displayed()
    page.says("events", RU["event.objected"])
    assert page.all("#events button") == []
    with pytest.raises(Refusal) as refused:
        second.challenges()
    assert refused.value.code == "device_unknown"
    assert other.api("GET", f"/flows/{other.flow}").json["data"]["device"] == "none"
