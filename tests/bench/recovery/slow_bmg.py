"""Sign-ins while questions wait for a state base that takes its time, and while none do."""

import os
import sys
import threading
import time

from load import Logins
from stand import ROOT, sandbox, until
from signin.timing import API, Visitor

sys.path.insert(0, os.path.join(ROOT, "tools"))

from kabinet_app.api import Api, Refusal  # noqa: E402  (the folder is added above)
from kabinet_app.keys import Device, generate  # noqa: E402

WAITING = 24     # questions at a time: more than there are threads for them
SLOW = 5         # seconds until the state base says "mismatch"; a phone may try again
TRIES = 3        # of a phone
TURNS = 6
SECONDS = 4      # of sign-ins; they end before the first answer
CONNECTIONS = 4


def activate(stack, iin, phone):
    """A new phone up to the SMS: its way to the gateway."""
    visitor = Visitor(stack.port)
    _, flow, _ = visitor.post(API, {"kind": "recovery"})
    _, flow, _ = visitor.post(f"{API}/{flow['id']}/identify", {"iin": iin})
    app = Api(stack.url, Device(generate()))
    answer = app.activate({"phone": phone, "one_time_password": flow["data"]["one_time_password"],
                           "platform": "cli", "push_token": "bench", "public_key": app.device.public_jwk,
                           "accept_terms": True})
    app.device.id = answer["device_id"]
    sandbox(stack, f"bmg/{iin}", {"phone": phone, "result": "mismatch"})
    return app


def phones(stack, people):
    """[(app, code)] of so many (iin, phone)."""
    apps = {phone: activate(stack, iin, phone) for iin, phone in people}
    told = {}

    def all_told():
        told.update({message["to"]: message["text"][:6] for message in sandbox(stack, "messages")})
        return all(phone in told for phone in apps)

    until(all_told, what="the SMS do not come")
    return [(app, told[phone]) for phone, app in apps.items()]


class Questions:
    """Proofs under way, each in a thread of its own; afterwards all were refused as they should be."""

    def __init__(self, stack, asking):
        sandbox(stack, "faults/bmg", {"mode": "slow", "ms": SLOW * 1000})
        self.stack = stack
        self.said = []
        self.threads = [threading.Thread(target=self.ask, args=one) for one in asking]
        for thread in self.threads:
            thread.start()
        time.sleep(0.5)  # the last one is there

    def ask(self, app, code):
        try:
            app.proof(code)
            self.said.append("a proof")
        except Refusal as refusal:
            self.said.append(refusal.code)

    def waiting(self):
        return sum(thread.is_alive() for thread in self.threads)

    def end(self):
        sandbox(self.stack, "faults/bmg", {"mode": "ok"})
        for thread in self.threads:
            thread.join()
        if set(self.said) != {"bmg_mismatch"}:
            raise RuntimeError(f"the state base's answers became {set(self.said)}")


def p99(values):
    return sorted(values)[int(len(values) * 0.99)]


def measure(stack, people_file, people, say):
    """Milliseconds of all sign-ins, {with, without} such questions, by turns."""
    asking = phones(stack, people[:WAITING * TURNS // TRIES])
    logins = Logins(stack, people_file, CONNECTIONS)
    logins.measure(1)
    turns = []
    for i in range(TURNS):
        some = asking[i // TRIES * WAITING:][:WAITING]
        without = logins.measure(SECONDS)
        questions = Questions(stack, some)
        during = logins.measure(SECONDS)
        left = questions.waiting()
        questions.end()
        if left < WAITING or without["bad"] or during["bad"]:
            raise RuntimeError(f"{left} questions waited; {without['bad']}, {during['bad']} sign-ins failed")
        turns.append({"without": without["took"], "with": during["took"]})
        say(f"p99 of sign-ins, turn {i + 1} of {TURNS}: {p99(without['took']):.1f} ms, "
            f"with {left} questions to a slow state base {p99(during['took']):.1f} ms")
    return turns
