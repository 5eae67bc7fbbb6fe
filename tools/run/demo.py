"""`make run`: Kabinet on this machine with invented people, until it is stopped."""

import csv
import os
import signal
import sys
import time

import conf
from stack import REPO, Stack, StackError

# The app of a demonstration is a page, its stores are the stores' own front pages, and nobody waits a
# day to see a hold end.
EXTRA = """kabinet_web_app on;
kabinet_reregistration_hold 5m;
kabinet_store google=https://play.google.com/store/apps apple=https://apps.apple.com/kz/;"""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody wants us to stop; not an error."""


def stop_on(*_):
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # asked once is enough
    raise Stopped


def port_of(text):
    if not text.isdigit() or not 1024 <= int(text) <= 65534:
        raise StackError(f"KABINET_PORT={text}: give a port from 1024 to 65534")
    return int(text)


def rows(name):
    with open(os.path.join(REPO, "data", "demo", f"{name}.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def people():
    for person in rows("accounts"):
        app = "with the app" if person["device"] == "yes" else "no app yet"
        yield f"  {person['iin']}  {person['password'] or '(no password yet)':20}  {app}"


def answers(child_iin):
    """To the questions of a re-registration."""
    child = next(row for row in rows("children") if row["child_iin"] == child_iin)
    return (f"child {child_iin}, certificate {child['birth_certificate']},\n"
            f"      parents {child['parent1_iin']} and {child['parent2_iin']}, {child['attendance']}")


def number(iin):
    return next(row["phone"] for row in rows("bmg") if row["iin"] == iin)


def short(path):
    return min(path, os.path.relpath(path), key=len)


def say(stack, seconds):
    print(f"""
Kabinet runs ({seconds:.1f} s):  {stack.url}/

Sign in as (IIN, password):
{chr(10).join(people())}

In five brands:
{chr(10).join(f"  http://{conf.brand_host(name)}:{stack.port}/" for name in conf.brands())}

Messages to phones:  {stack.sandbox_url}/
The app, as a page:  {stack.url}/kabinet/app/
The app, as a tool:  tools/kabinet-app --url {stack.url} --as 860922390740 challenges --wait 25

Two walks: at the sign-in give 860922390740 and choose «Забыли пароль?»: it is the first visit, and
the app at hand confirms (open ID SIGN). With 920705493744 there is no app yet: the page shows a QR
code and a one-time password; the SMS is among the messages.

Two more at {stack.url}/kabinet/reregistration (from recovery: «Что делать, если…»):
  950418490715 gets her cabinet back on a new number, {number("950418490715")}, without an app and at once:
      {answers("200229699997")}
  860922390740, whose number is {number("860922390740")}, takes over a child that 880314493312 holds:
      {answers("190901692284")}
      It waits (five minutes here, a day elsewhere), and she may object:
      tools/kabinet-app --url {stack.url} --as 880314493312 events, and object with the event's id.

Data and logs:       {stack.run_dir}
Operators:           {short(stack.build)}/kabinetctl -c {short(stack.conf_path)} help
Stop:                Ctrl-C, or kill {os.getpid()}; the data stay
""", flush=True)


def serve(stack):
    begun = time.monotonic()
    stack.start()
    say(stack, time.monotonic() - begun)
    while True:
        time.sleep(0.3)
        name = stack.dead()
        if name:
            raise StackError(f"{name} ended by itself; see {os.path.join(stack.run_dir, 'logs')}")


def main():
    stack = None
    for number in SIGNALS:
        signal.signal(number, stop_on)
    try:
        stack = Stack(os.environ.get("KABINET_RUN_DIR") or os.path.join(REPO, ".run"),
                      port_of(os.environ.get("KABINET_PORT") or "8080"),
                      build=os.environ.get("KABINET_BUILD") or "build/release", sandbox=True,
                      conf_extra=EXTRA)
        serve(stack)
    except Stopped:
        print("\nstopping", flush=True)
    except StackError as error:
        print(f"kabinet: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if stack:
            stack.stop()
    return 0
