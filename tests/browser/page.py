"""A tab of Chromium: a person's eyes and hands in it."""

import json
import pathlib

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

HERE = pathlib.Path(__file__).resolve().parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
LANGUAGES = ("kk", "ru", "en")
WORDS = {
    lang: json.loads((HERE.parents[1] / "i18n" / f"{lang}.json").read_text(encoding="utf-8"))
    for lang in LANGUAGES
}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: arguments[0]}).then(
  (found) => done(found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target).join(" "))),
  (error) => done([String(error)]));
"""


class Page:
    """One tab: what a person would look for and do, waiting as long as a person would."""

    def __init__(self, driver, gateway):
        self.driver = driver
        self.gateway = gateway
        self.url = gateway.url

    def wait(self, sign, why="the page did not get there", seconds=15):
        return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda _: sign(), why)

    def script(self, text, *args):
        return self.driver.execute_script(text, *args)

    def open(self, path):
        self.driver.get(self.url + path)
        self.ready()

    def ready(self):
        self.wait(lambda: self.script("return document.documentElement.classList.contains('ready')"))

    def find(self, name):
        return self.driver.find_element(By.ID, name)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, name):
        return self.find(name).text

    def shown(self, name):
        return self.wait(lambda: self.find(name).is_displayed() and self.find(name), f"no #{name}")

    def says(self, name, words):
        self.wait(lambda: words in self.text(name), f"#{name} did not say: {words}")

    def type(self, name, typed):
        box = self.shown(name)
        box.clear()
        box.send_keys(typed)
        return box

    def press(self, *keys):
        """Keys to whatever holds the focus."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def back_tab(self):
        webdriver.ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()

    def focused(self):
        return self.script("return document.activeElement.id")

    def at(self, path):
        self.wait(lambda: self.driver.current_url.startswith(self.url + path), f"not at {path}")

    def size(self, width, height=800):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def dark(self, night):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if night else "light"}]})

    def touch(self, finger):
        """A phone's screen: what points is a finger, which is coarse."""
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": finger})

    def offline(self, away):
        self.driver.set_network_conditions(
            offline=away, latency=0, download_throughput=-1, upload_throughput=-1
        )

    # ---- sign-in, as everybody does it ----

    def identify(self, iin="880314493312"):
        self.type("iin", iin)
        for tick in self.all("#consents input"):
            if not tick.is_selected():
                tick.click()
        self.find("continue").click()
        self.shown("password")

    def sign_in(self, iin="880314493312", path="/kabinet/cabinet"):
        self.open(f"/kabinet/login?lang=ru&return_to={path}")
        self.identify(iin)
        self.type("password", self.gateway.people[iin].password + Keys.ENTER)
        self.at(path)

    # ---- what must hold of every page ----

    def complaints(self):
        """What the accessibility rules find, "rule: elements"."""
        if not AXE.exists():
            pytest.skip("axe-core is missing: npm could not fetch it")
        if not self.script("return 'axe' in window"):
            self.script(AXE.read_text(encoding="utf-8"))
        return self.driver.execute_async_script(RULES, WCAG)

    def wide(self):
        """Whether one must scroll sideways."""
        return self.script("const d = document.documentElement; return d.scrollWidth > d.clientWidth")

    def errors(self):
        """The console's errors, but for statuses that the page has an answer to."""
        return [
            line["message"]
            for line in self.driver.get_log("browser")
            if line["level"] == "SEVERE" and "the server responded with a status of" not in line["message"]
        ]

    def untold(self):
        """Texts that show their id instead of words."""
        return self.script(
            "return Array.from(document.querySelectorAll('[data-t]')).filter("
            "(e) => e.dataset.t && e.textContent === e.dataset.t).map((e) => e.dataset.t)"
        )
