"""What a person does touches a bounded number of rows and pages, however many others there are."""

import json
import time

import pytest

from grow import TABLES, grow, hand_over
from test_recovery import NEW, activate, app_of, begin, sandbox, update  # noqa: F401 (a fixture)
from test_reregistration import (HERS, MOTHER, MOVED, NEW_NUMBER, complete, open_code, take_over,
                                 to_contact)

OTHERS = 30000
ROWS, PAGES = 200, 200  # of one statement; the first use of a table reads its catalogue too
SETTINGS = {"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0",
            "auto_explain.log_analyze": "on", "auto_explain.log_buffers": "on",
            "auto_explain.log_timing": "off", "auto_explain.log_format": "json"}


def explain(gateway):
    """PostgreSQL says of every statement from now on how it was carried out; where its log is now."""
    for name, value in SETTINGS.items():
        gateway.sql(f"ALTER DATABASE kabinet SET {name} = '{value}'")
    gateway.restart()
    with open(gateway.stack.log("postgres"), encoding="utf-8") as log:
        return len(log.read())


def plans(gateway, since):
    time.sleep(0.5)  # the log is written by many processes
    with open(gateway.stack.log("postgres"), encoding="utf-8") as log:
        text = log.read()[since:].replace("\n\t", "\n")
    for part in text.split("plan:\n")[1:]:
        yield json.JSONDecoder().raw_decode(part)[0]


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def cost(plan):
    """(rows that were looked at, pages)"""
    top = plan["Plan"]
    rows = sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0) +
                node.get("Rows Removed by Index Recheck", 0)) * node["Actual Loops"] for node in nodes(top))
    return rows, top.get("Shared Hit Blocks", 0) + top.get("Shared Read Blocks", 0)


def sign_in(gateway, iin=MOTHER):
    """And a look at everything that one's cabinet shows."""
    browser = gateway.signed_in(iin)
    for name in ("session", "sessions", "events", "devices", "children", "consents"):
        assert browser.api("GET", "/" + name).status == 200


def change(gateway, iin):
    """Of the password; what one's app thinks of it; a wrong password, and nobody's."""
    browser = gateway.signed_in(iin)
    assert browser.api("POST", "/password", {"current_password": gateway.people[iin].password, "password": NEW,
                                             "password_repeat": NEW}).status == 204
    app = app_of(gateway, iin)
    event = next(e for e in app.events()["events"] if e["kind"] == "password_changed")
    app.call("POST", f"/events/{event['id']}/object", {})
    for wrong in (iin, "860922390740", "830611390604"):
        assert gateway.browser().sign_in(wrong, "Wrong!Password1").status == 401


def recover(gateway, sandbox, iin):  # noqa: F811
    browser = gateway.browser()
    flow = begin(browser, iin)
    if flow["state"] == "activate":
        app, sms = activate(gateway, sandbox, flow["data"]["one_time_password"], gateway.people[iin].phone)
        assert app.proof(sms)["state"] == "active"
        flow = browser.step("send").json
    else:
        app = app_of(gateway, iin)
    waiting = app.challenges()["challenges"][0]
    code = app.call("POST", f"/challenges/{waiting['id']}/open", {"sign": flow["data"]["sign"]})["code"]
    assert update(browser, code).status == 200


def move(gateway, sandbox):  # noqa: F811
    browser = gateway.browser()
    to_contact(browser, HERS)
    flow = browser.step("contact", {"iin": MOVED, "phone": NEW_NUMBER}).json
    app, sms = activate(gateway, sandbox, flow["data"]["one_time_password"], NEW_NUMBER)
    assert app.proof(sms)["state"] == "active"
    flow = browser.step("send").json
    assert complete(browser, open_code(app, flow["data"]["sign"]))["state"] == "done"


@pytest.mark.parametrize("analyzed", [True, False])
def test_nothing_grows_with_the_tables(gateway, browser, sandbox, analyzed):  # noqa: F811
    """Nor while PostgreSQL has not heard of their growth: it looks once a minute."""
    for table in TABLES:
        gateway.sql(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    sign_in(gateway)
    take_over(gateway, browser)
    recover(gateway, sandbox, MOTHER)  # every table has a row by now
    for table in TABLES:
        grow(gateway.sql, table, OTHERS)
    hand_over(gateway.sql)
    if analyzed:
        gateway.sql("ANALYZE")
    since = explain(gateway)
    sign_in(gateway, "920705493744")
    recover(gateway, sandbox, "920705493744")
    move(gateway, sandbox)
    change(gateway, "790130392190")
    found = list(plans(gateway, since))
    assert len(found) > 100, "PostgreSQL explained too little"
    worst = [(*cost(plan), plan["Query Text"]) for plan in found
             if cost(plan)[0] > ROWS or cost(plan)[1] > PAGES]
    assert not worst, "\n".join(f"{rows} rows, {pages} pages: {text}" for rows, pages, text in worst)
