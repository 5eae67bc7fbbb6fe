"""Chromium in front of the real servers."""

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from page import Page


@pytest.fixture(scope="session")
def chromium():
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--lang=ru",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(30)
    driver.set_script_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium, gateway):
    """A tab with nothing kept from the test before; no page may leave an error in the console."""
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": gateway.url, "storageTypes": "all"})
    page = Page(chromium, gateway)
    page.size(1280)
    page.errors()
    yield page
    assert page.errors() == []
