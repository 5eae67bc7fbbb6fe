"""A provider that takes its time keeps those waiting who asked it, and nobody else."""

import threading

from test_recovery import begin, sandbox, strangers

from kabinet_app.api import Api, Refusal
from kabinet_app.keys import Device, generate

from support import until

__all__ = ["sandbox"]
THREADS = 16  # of a worker that wait for an answer
SLOW = 3000   # milliseconds


def put_in(ctl, tmp_path, people):
    """Accounts without an app; {iin: phone}."""
    phones = {iin: f"+7701{number:07d}" for number, iin in enumerate(people)}
    path = tmp_path / "people.csv"
    rows = [f"{iin},{phone},ru,,no" for iin, phone in phones.items()]
    path.write_text("\n".join(["iin,phone,locale,password,device", *rows]) + "\n", encoding="utf-8")
    answer = ctl("import", "accounts", path)
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
