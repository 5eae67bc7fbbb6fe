"""`make bench-growth`: what look-ups, sign-ins and guarded requests cost as accounts and sessions become many.

The sizes come from $KABINET_BENCH_ACCOUNTS and $KABINET_BENCH_SESSIONS. Writes build/growth.json and
build/growth.svg.
"""

import json
import os

from bench import SETTINGS, make_people, say, serve  # first: it adds folders to the path

from growth import accounts, plot, sessions
from guard.site_conf import write_files
from stand import ROOT, private_stack

SIZES = {"ACCOUNTS": "1000 100000", "SESSIONS": "1000 100000"}


def sizes(name):
    return [int(n) for n in os.environ.get("KABINET_BENCH_" + name, SIZES[name]).split()]


def measure():
    with private_stack(conf_extra=SETTINGS.format(zone="4m")) as stack:
        write_files(stack.run_dir + "/www")
        with_passwords, _, _ = make_people(stack)
        serve(stack, "4m")
        found, people = accounts.measure(stack, sizes("ACCOUNTS"), with_passwords, say)
        return {"accounts": found, "sessions": sessions.measure(stack, sizes("SESSIONS"), people, say)}


def main():
    result = measure()
    for name, text in (("growth.json", json.dumps(result, indent=1)), ("growth.svg", plot.svg(result))):
        with open(os.path.join(ROOT, "build", name), "w", encoding="utf-8") as file:
            file.write(text)
    bent = plot.bends(result)
    say("first to bend: " + (f"{plot.NAMES[bent[0]]}, {bent[2]:.2f} times at {bent[1]:,}" if bent
                             else "nothing costs half as much again as at the smallest size"))
    say("written to build/growth.json and build/growth.svg")


if __name__ == "__main__":
    main()
