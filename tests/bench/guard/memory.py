"""What a live session takes of shared memory and of Redis, in bytes."""

import statistics
import subprocess

SHARED, REDIS = 192, 400  # at most


def shared(zone_bytes, counters):
    """The whole zone, with its buckets and what the slab keeps, over what fits in."""
    return zone_bytes / counters["kabinet_sessions_capacity"]


def redis(stack, sessions):
    """Of (cookie, key), by all keys that name the session: Redis counts key, value and their places."""
    script = "local n = 0 for _, k in ipairs(KEYS) do " \
             "n = n + redis.call('MEMORY', 'USAGE', k, 'SAMPLES', 0) end return n"
    found = []
    for _, key in sessions:
        names = cli(stack, "KEYS", f"*{key}*").split()
        found.append(int(cli(stack, "EVAL", script, str(len(names)), *names)))
    return statistics.median(found)


def cli(stack, *words):
    return subprocess.run(["redis-cli", "-s", stack.redis_socket, *words], capture_output=True, text=True,
                          check=True).stdout
