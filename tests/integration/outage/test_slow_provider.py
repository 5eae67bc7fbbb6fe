"""A provider that takes its time keeps those waiting who asked it, and nobody else; a quit neither."""

import json
import signal
import threading
import urllib.request

from inflight import strangers
from test_recovery import begin, sandbox

from kabinet_app.api import Api, Refusal
from kabinet_app.keys import Device, generate

from support import until

__all__ = ["sandbox"]
THREADS = 16  # of a worker that wait for an answer
SLOW = 3000   # milliseconds


def put_in(ctl, tmp_path, people, app="no"):
    """Accounts with or without an app; {iin: phone}."""
    phones = {iin: f"+7701{number:07d}" for number, iin in enumerate(people)}
    path = tmp_path / "people.csv"
    rows = [f"{iin},{phone},ru,,{app}" for iin, phone in phones.items()]
    path.write_text("\n".join(["iin,phone,locale,password,device", *rows]) + "\n", encoding="utf-8")
    answer = ctl("import", "accounts", path, "--devices", tmp_path / "devices")
    assert answer.returncode == 0, answer.stderr
    return phones


def activate(gateway, iin, phone):
    flow = begin(gateway.browser(), iin)
    app = Api(gateway.url, Device(generate()))
    answer = app.activate({"phone": phone, "one_time_password": flow["data"]["one_time_password"],
                           "platform": "cli", "push_token": "new", "public_key": app.device.public_jwk,
                           "accept_terms": True})
    app.device.id = answer["device_id"]
    return app


def prove(app, code, said):
    try:
        said.append(app.proof(code)["state"])
    except Refusal as refusal:
        said.append(refusal.code)


def test_the_outbox_does_not_stand_behind_the_state_base(gateway, sandbox, ctl, tmp_path):
    phones = put_in(ctl, tmp_path, strangers(THREADS + 1))
    (last, phone), *others = phones.items()
    apps = {to: activate(gateway, iin, to) for iin, to in others}
    until(lambda: len(sandbox.messages()) == len(apps), what="the SMS did not come")
    sandbox.fault("bmg", "slow", SLOW)
    said = []
    threads = [threading.Thread(target=prove, args=(apps[m["to"]], m["text"][:6], said))
               for m in sandbox.messages()]
    for thread in threads:
        thread.start()
    until(lambda: gateway.sql("SELECT sum(attempts) FROM device") == [(len(apps),)], what="not all have asked")
    activate(gateway, last, phone)
    until(lambda: sandbox.messages(to=phone), what="the SMS did not come")
    assert said == [], "the questions had been answered before"
    for thread in threads:
        thread.join()
    assert set(said) == {"bmg_not_registered"}


def quit_now(gateway):
    master = gateway.stack.children["nginx"]
    master.send_signal(signal.SIGQUIT)
    return master


def test_a_quit_knows_what_it_has_sent(gateway, sandbox, ctl, tmp_path):
    people = put_in(ctl, tmp_path, strangers(10), app="yes")
    sandbox.fault("push", "slow", 1500)
    for iin in people:
        assert begin(gateway.browser(), iin)["state"] == "code"
    until(lambda: gateway.sql("SELECT count(*) FROM outbox WHERE attempts > 0") != [(0,)], what="nothing is sent")
    assert quit_now(gateway).wait(5) == 0
    assert gateway.sql("SELECT count(*) FROM outbox WHERE attempts > 0 AND state <> 'sent'") == [(0,)]
    sandbox.fault("push", "ok")
    gateway.stack.start_nginx()
    until(lambda: gateway.sql("SELECT count(*) FROM outbox WHERE state = 'sent'") == [(10,)], what="not all are sent")
    with urllib.request.urlopen(sandbox.url + "/sandbox/state", timeout=10) as answer:
        state = json.load(answer)
    assert (state["taken"], state["repeated"]) == (10, 0)


def test_a_quit_lets_go_of_silent_providers(gateway, sandbox, ctl, tmp_path):
    (iin, phone), = put_in(ctl, tmp_path, strangers(1)).items()
    app = activate(gateway, iin, phone)
    until(lambda: sandbox.messages(to=phone), what="the SMS did not come")
    sandbox.fault("bmg", "slow", 20000)
    sandbox.fault("push", "slow", 20000)
    said = []
    thread = threading.Thread(target=prove, args=(app, sandbox.messages(to=phone)[0]["text"][:6], said))
    thread.start()
    assert begin(gateway.browser(), "860922390740")["state"] == "code"
    until(lambda: gateway.sql("SELECT sum(attempts) FROM outbox WHERE kind = 'push'") == [(1,)], what="nothing is sent")
    until(lambda: gateway.sql("SELECT attempts FROM device WHERE state = 'pending'") == [(1,)], what="nobody asks")
    assert quit_now(gateway).wait(5) == 0
    thread.join()
    assert said == ["service_unavailable"]
    assert gateway.sql("SELECT attempts FROM device WHERE state = 'pending'") == [(0,)], "the try is given back"
    assert gateway.sql("SELECT state, due_at < now() + interval '10 s' FROM outbox WHERE kind = 'push'") == [
        ("waiting", True)], "it is known not to have been sent"
