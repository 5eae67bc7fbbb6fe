"""The ways from the recovery page to the app: its QR code as a camera sees it, the link on the same
phone, the stores."""

import subprocess

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from page import LANGUAGES, WORDS
from support import Browser, until

RU = WORDS["ru"]
WITH_APP, NO_APP = "860922390740", "920705493744"
NEW = "Altyn-Kun#2027zhol"
GOOGLE, APPLE = "https://play.google.com/store/apps/details?id=kz.example", "https://apps.apple.com/kz/app/id1"


@pytest.fixture
def sandbox(gateway):
    gateway.stack.stop_sandbox()
    gateway.stack.start_sandbox()
    yield Browser(gateway.port + 1)
    gateway.stack.stop_sandbox()


@pytest.fixture
def phone(page):
    page.touch(True)
    page.size(360)
    yield page
    page.touch(False)


@pytest.fixture
def light(page):
    yield
    page.dark(False)


def recover(page, iin, sign):
    page.open("/kabinet/recovery?lang=ru")
    page.type("iin", iin + Keys.ENTER)
    page.shown(sign)


def camera(page, picture, file):
    """What a scanner reads off the screen, with whatever stands around the code there."""
    page.wait(lambda: page.script("const i = arguments[0]; return i.complete && i.naturalWidth > 0", picture))
    page.script("arguments[0].scrollIntoView({block: 'center'})", picture)
    page.driver.save_screenshot(str(file))
    return subprocess.run(["zbarimg", "--quiet", "--raw", str(file)], capture_output=True, text=True,
                          check=False, timeout=60).stdout.splitlines()


@pytest.mark.parametrize("night", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("iin, sign, name", [(NO_APP, "otp", "activate"), (WITH_APP, "sign", "code")])
def test_a_scanner_reads_the_code(page, light, tmp_path, iin, sign, name, width, night):
    page.dark(night)
    page.size(width)
    recover(page, iin, sign)
    if name == "code":
        page.driver.find_element(By.TAG_NAME, "summary").click()
    link = page.find(f"{name}-link").get_attribute("href")
    assert link.startswith(f"{page.url}/kabinet/app/#") and len(link.partition("#")[2]) == 22
    assert camera(page, page.shown(f"{name}-qr"), tmp_path / "screen.png") == [link]
    assert not page.find(f"{name}-link").is_displayed(), "for whoever points with a mouse"


@pytest.mark.gateway(conf="kabinet_web_app on;")
def test_everything_on_one_phone(phone, sandbox):
    """No other device, no camera: from the page to the app and back, twice."""
    recover(phone, NO_APP, "otp")
    phone.shown("activate-link").click()
    phone.at("/kabinet/app")
    phone.ready()
    assert "#" not in phone.driver.current_url
    phone.type("phone", phone.gateway.people[NO_APP].phone)
    phone.find("terms").click()
    phone.find("phone").send_keys(Keys.ENTER)
    phone.shown("scanned")
    phone.find("secret").submit()
    phone.shown("sms")
    sms = until(lambda: [m for m in sandbox.get("/sandbox/messages").json if m["channel"] == "sms"])
    phone.type("sms", sms[-1]["text"][:6] + Keys.ENTER)
    phone.shown("live")
    phone.driver.back()
    phone.at("/kabinet/recovery")
    phone.ready()
    phone.says("device", RU["recovery.bound"])
    phone.find("send").click()
    sign = phone.shown("sign").text
    phone.shown("code-link").click()
    phone.at("/kabinet/app")
    phone.ready()
    phone.wait(lambda: [b for b in phone.all(".signs button") if b.text == sign])[0].click()
    phone.wait(lambda: phone.text("code-digits"))
    code = phone.text("code-digits").replace(" ", "")
    phone.driver.back()
    phone.at("/kabinet/recovery")
    phone.ready()
    for name, typed in (("code", code), ("password", NEW), ("password_repeat", NEW + Keys.ENTER)):
        phone.type(name, typed)
    phone.shown("finished")
    assert phone.gateway.browser().sign_in(NO_APP, NEW).status == 200


@pytest.mark.parametrize("iin, sign, name", [(NO_APP, "otp", "activate"), (WITH_APP, "sign", "code")])
def test_the_link_by_keyboard_and_on_a_narrow_screen(phone, iin, sign, name):
    recover(phone, iin, sign)
    phone.find(f"at-{name}").click()
    for _ in range(4):
        phone.press(Keys.TAB)
        if phone.focused() == f"{name}-link":
            break
    assert phone.focused() == f"{name}-link"
    for lang in LANGUAGES:
        phone.find("main").find_element(By.XPATH, f"//*[@data-lang='{lang}']").click()
        phone.says(f"{name}-link", WORDS[lang]["recovery.open_app"])
        for width in (320, 360):
            phone.size(width)
            assert not phone.wide()
        assert phone.complaints() == []


@pytest.mark.gateway(conf=f"kabinet_store google={GOOGLE} apple={APPLE};")
def test_the_stores(page):
    recover(page, NO_APP, "otp")
    for lang in LANGUAGES:
        page.all(f"[data-lang={lang}]")[0].click()
        page.wait(lambda: page.script("return document.documentElement.lang") == lang)
        links = page.find("install").find_elements(By.TAG_NAME, "a")
        assert [link.get_attribute("href") for link in links] == [GOOGLE, APPLE]
        assert [link.get_attribute("rel") for link in links] == ["noopener"] * 2
        seen = page.script("return arguments[0].textContent", page.find("install"))
        for link in links:
            seen = seen.replace(f" ({WORDS[lang]['new_tab']})", "")
        assert seen == WORDS[lang]["recovery.install"]
        assert page.complaints() == []


def test_no_link_where_no_store_is_known(page):
    recover(page, NO_APP, "otp")
    assert page.text("install") == RU["recovery.install"]
    assert page.find("install").find_elements(By.TAG_NAME, "a") == []
