"""Two guards at the same time: what slows a machine for a moment slows both alike.

Two instances of nginx share one core, each is asked for one of the guards, and what a request costs of
processor time is compared. Which instance serves which is changed about, and the mean of both is taken:
neither its port nor the place of its memory may count.
"""

import math
import statistics
import threading

from load import Requests
from stand import second_nginx

TURNS, SECONDS, CONNECTIONS = 6, 2, 32

# (name, guard, guard beside it, whose cookies, least): requests for the same processor time of nginx
PAIRS = [("hit / plain", "kabinet", "plain", "hot", 0.98),
         ("hit / auth_request", "kabinet", "request", "hot", 1.0),
         ("miss / lua + Redis, nginx alone", "kabinet", "lua-redis", "cold", 1.2)]


def at_once(loads, guards, cookies):
    """What a request behind each of the two guards cost, each at its own instance."""
    found = [None, None]

    def ask(i):
        one = loads[i].measure(guards[i], cookies, SECONDS, CONNECTIONS)
        found[i] = one["spent"] / one["n"]

    threads = [threading.Thread(target=ask, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def turn(loads, guard, beside, cookies):
    """How many requests of the guard for one of the other's."""
    a, b = at_once(loads, (guard, beside), cookies)
    c, d = at_once(loads, (beside, guard), cookies)
    return math.sqrt(b * c / (a * d))


def measure(stack, core, cookies, say):
    """[{name, least, median, min, max}]; nginx runs, and the load has the core."""
    found = {pair: [] for pair in PAIRS}
    with second_nginx(stack) as instances:
        loads = [Requests(instance, core) for instance in instances]
        for i in range(TURNS):
            for load in loads:
                load.measure("kabinet", cookies["hot"], 1)  # the misses put them out of shared memory
            for pair, ratios in found.items():
                ratios.append(turn(loads, pair[1], pair[2], cookies[pair[3]]))
            say(f"two guards on one core, turn {i + 1} of {TURNS}: "
                + ", ".join(f"{pair[0]} {ratios[-1]:.3f}" for pair, ratios in found.items()))
    return [{"name": name, "least": least, "median": statistics.median(ratios), "min": min(ratios),
             "max": max(ratios)} for (name, *_, least), ratios in found.items()]
