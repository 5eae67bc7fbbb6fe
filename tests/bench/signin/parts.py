"""Who takes a sign-in's processor time: the hash, the rest of nginx, the stores."""

from load import HASH_NICE, cpu
from process import processes, stat_of


def parts(stack):
    """{name: seconds so far}; PostgreSQL's with the processes that it has now."""
    postgres = stack.children["postgres"].pid
    backends = [pid for pid in processes() if (stat_of(pid) or [0])[0] == postgres]
    workers = stack.nginx_pids()[1:]
    return {"hashing": sum(cpu(pid, lambda nice: nice == HASH_NICE) for pid in workers),
            "the rest of nginx": sum(cpu(pid, lambda nice: nice != HASH_NICE) for pid in workers),
            "PostgreSQL": sum(cpu(pid) for pid in [postgres, *backends]),
            "Redis": cpu(stack.children["redis"].pid)}


def since(stack, before, signed_in):
    """Milliseconds of a sign-in for each part."""
    return {name: (now - before[name]) / signed_in * 1e3 for name, now in parts(stack).items()}
