"""Guarded requests at a steady pace while people sign in as fast as they can, and while nothing but hashes
goes on; a plain file's the same way, for what is the machine's."""

from guard.rows import in_turns, spread
from load import Logins, Requests, beside, hashing, rest

TURNS, SECONDS = 6, 2
GUARDS = ("kabinet", "plain")
LONG = 1 + SECONDS * len(GUARDS) + 1  # s: what goes on beside begins before and ends after


def measure(stack, people, cookies, threads, say):
    """{guard: {"idle", "storm", "hashes": spread of the p99 in ms, "storm_ratio", "hashes_ratio"}}"""
    load, found = Requests(stack, None), {guard: [] for guard in GUARDS}

    def p99s(i):
        return {guard: load.measure(guard, cookies, SECONDS, pause=10)["p99"] for guard in in_turns(GUARDS, i)}

    for i in range(TURNS):
        turn = {"idle": p99s(i)}
        with beside(Logins(stack, people).command(LONG)):
            turn["storm"] = p99s(i)
        rest(stack)
        with beside(hashing(stack.build, threads, LONG)):
            turn["hashes"] = p99s(i)
        for guard in GUARDS:
            found[guard].append({when: p99[guard] for when, p99 in turn.items()})
        say(f"p99, turn {i + 1} of {TURNS}: " + "; ".join(
            f"{when}: " + ", ".join(f"{guard} {p99[guard]:.2f} ms" for guard in GUARDS) for when, p99 in turn.items()))
    return {guard: summary(turns) for guard, turns in found.items()}


def summary(turns):
    """Of one guard."""
    out = {when: spread([turn[when] for turn in turns]) for when in turns[0]}
    for when in ("storm", "hashes"):
        out[when + "_ratio"] = spread([turn[when] / turn["idle"] for turn in turns])
    return out
