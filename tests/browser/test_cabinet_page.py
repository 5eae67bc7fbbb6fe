"""The signed-in person's page: who, password, sessions, consents."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from page import WORDS

RU = WORDS["ru"]
IIN = "880314493312"
NEW = "Altyn-Kun#2027zhol"


def change(page, current, new, repeat):
    for name, typed in (("current_password", current), ("password", new), ("password_repeat", repeat)):
        page.type(name, typed)
    page.find("update").click()


def test_a_stranger_is_sent_to_sign_in_and_back(page):
    page.open("/kabinet/cabinet?lang=ru")
    page.at("/kabinet/login")
    page.says("notice", RU["notice.session_over"])
    page.identify()
    page.type("password", page.gateway.people[IIN].password + Keys.ENTER)
    page.at("/kabinet/cabinet")
    page.says("my-iin", "88********12")


def test_password_change(page):
    page.sign_in()
    old = page.gateway.people[IIN].password
    page.shown("rules")
    assert len(page.all("#rules li")) == 5
    page.type("password", "abc")
    assert [row.get_attribute("class") for row in page.all("#rules li")] == ["", "met", "", "", ""]
    change(page, old, NEW, NEW + "x")
    page.says("password_repeat-error", RU["field.password_repeat_differs"])
    assert page.focused() == "password_repeat"
    change(page, "not this one", NEW, NEW)
    page.says("current_password-error", RU["field.current_password"])
    change(page, old, old, old)
    page.says("password-error", RU["field.password_reused"])
    change(page, old, NEW, NEW)
    page.says("notice", RU["password.done"])
    assert page.find("password").get_attribute("value") == ""
    browser = page.gateway.browser()
    assert browser.sign_in(IIN, old).status == 401
    assert browser.sign_in(IIN, NEW).status == 200


def test_sessions(page):
    other = page.gateway.signed_in(IIN)
    third = page.gateway.signed_in(IIN)
    page.sign_in()
    page.shown("cards")
    page.wait(lambda: len(page.all("#sessions li")) == 3)
    page.driver.find_element(By.CSS_SELECTOR, "#sessions button").click()
    page.says("notice", RU["sessions.ended"])
    assert [other.api("GET", "/session").status, third.api("GET", "/session").status].count(401) == 1
    page.find("end-others").click()
    page.says("notice", RU["sessions.others_ended"])
    assert third.api("GET", "/session").status == 401 and other.api("GET", "/session").status == 401
    assert len(page.all("#sessions li")) == 1


def test_a_consent_is_withdrawn_after_a_question(page):
    page.sign_in()
    page.shown("cards")
    page.wait(lambda: len(page.all("#consents li")) == 2)
    page.driver.find_element(By.CSS_SELECTOR, "#consents button").click()
    page.shown("sure")
    assert page.focused() == "sure-no"
    page.press(Keys.ESCAPE)
    assert not page.find("sure").is_displayed()
    page.driver.find_element(By.CSS_SELECTOR, "#consents button").click()
    page.shown("sure-yes").click()
    page.says("notice", RU["consents.done"])
    assert len(page.all("#consents button")) == 1
    assert page.gateway.sql("SELECT count(*) FROM consent WHERE withdrawn_at IS NOT NULL") == [(1,)]


def test_language_of_messages(page):
    page.sign_in()
    page.shown("locale").send_keys("Қаз")
    page.says("notice", RU["locale.done"])
    assert page.gateway.sql("SELECT DISTINCT locale FROM account WHERE id IN (SELECT account FROM session)") == [("kk",)]


def test_change_of_number_is_a_page_of_its_own(page):
    page.sign_in()
    page.shown("change-number").click()
    page.at("/kabinet/phone")
    page.ready()
    page.shown("at-contact")


def test_sign_out(page):
    page.sign_in()
    page.shown("sign-out").click()
    page.at("/kabinet/login")
    page.says("notice", RU["notice.signed_out"])
    assert page.gateway.sql("SELECT count(*) FROM session WHERE ended_at IS NULL") == [(0,)]


def test_ended_elsewhere(page):
    """A session that was ended elsewhere leads to the sign-in at the next click."""
    page.sign_in()
    page.shown("sign-out")
    other = page.gateway.signed_in(IIN)
    assert other.api("DELETE", "/sessions").status == 204
    page.find("end-others").click() if page.find("end-others").is_displayed() else page.find("locale").send_keys("Eng")
    page.at("/kabinet/login")
    page.says("notice", RU["notice.session_over"])
