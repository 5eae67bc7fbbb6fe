"""`kabinetctl outbox` beside a gateway whose push service is away."""

import re

import pytest
from test_recovery import WITH_APP, begin, sandbox  # noqa: F401  (a fixture)

from support import until

ROW = re.compile(r"^([0-9a-f-]{36})  (push|sms)\s+([0-9a-f-]{36})\s+(\d+)  (\S+Z)  (\S+Z)  (\S+Z)$")


def done(run):
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def listed(ctl, *state):
    text = done(ctl("outbox", "list", *state))
    rows = [ROW.match(line).groups() for line in text.splitlines() if ROW.match(line)]
    assert text.splitlines()[-1] == f"outbox: {len(rows)} {state[0] if state else 'waiting'}"
    return rows


@pytest.fixture
def stuck(gateway, browser, sandbox, ctl):  # noqa: F811
    """A push that the provider wants to hear of in nine minutes."""
    sandbox.fault("push", "error")
    begin(browser, WITH_APP)
    until(lambda: [row for row in listed(ctl) if int(row[3]) > 0], what="no try failed")
    until(lambda: gateway.sql(
        "UPDATE outbox SET due_at = now() + interval '9 min', expires_at = now() + interval '1 hour'"
        " WHERE state = 'waiting' AND attempts > 0 AND due_at < now() + interval '50 s' RETURNING id"))
    return listed(ctl)[0]


def test_what_waits_is_shown_without_what_it_says(gateway, ctl, stuck):
    text = done(ctl("outbox", "list"))
    account = gateway.sql("SELECT account::text FROM outbox WHERE state = 'waiting'")[0][0]
    assert stuck[1] == "push" and stuck[2] == account
    phone = gateway.people[WITH_APP].phone.replace(" ", "")
    for secret in (phone[-10:], phone[-4:] + " ", WITH_APP, "ed24", "title", "challenge"):
        assert secret not in text
    assert listed(ctl, "sent") == listed(ctl, "failed") == listed(ctl, "expired") == []
    assert ctl("outbox", "list", "lost").returncode == 2


def test_a_retry_brings_it(gateway, ctl, sandbox, stuck):  # noqa: F811
    refused = ctl("outbox", "retry", "12345")
    assert refused.returncode == 1 and "is no message" in refused.stderr
    nobodys = ctl("outbox", "retry", "00000000-0000-4000-8000-000000000000")
    assert nobodys.returncode == 1 and "0 messages" in nobodys.stdout and "not waiting" in nobodys.stderr
    sandbox.fault("push", "ok")
    assert sandbox.messages() == []
    assert "1 message is tried now" in done(ctl("outbox", "retry", stuck[0]))
    until(lambda: sandbox.messages(), seconds=20, what="it was not sent")
    until(lambda: [row[0] for row in listed(ctl, "sent")] == [stuck[0]])
    assert listed(ctl) == []
    assert "0 messages" in done(ctl("outbox", "retry"))
    assert len(sandbox.messages()) == 1
    actors = gateway.sql("SELECT actor FROM audit WHERE kind = 'outbox_retried'")
    assert len(actors) == 1 and actors[0][0].startswith("operator:")
    done(ctl("audit", "verify"))
