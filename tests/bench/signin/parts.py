"""Who takes a sign-in's processor time: the hash, the rest of nginx, the stores."""

import glob
import os

from process import processes, stat_of

HASH_NICE = 15  # of the threads that hash (ngx_module/job.c)


def _spent(pid, hashing=False):
    """Seconds of processor time of a process's threads: those that hash, or the others."""
    spent = 0
    for folder in glob.glob(f"/proc/{pid}/task/*"):
        if (os.getpriority(os.PRIO_PROCESS, int(os.path.basename(folder))) == HASH_NICE) == hashing:
            with open(folder + "/schedstat", encoding="ascii") as file:
                spent += int(file.read().split()[0])  # ns
    return spent / 1e9


def parts(stack):
    """{name: seconds so far}; PostgreSQL's with the processes that it has now."""
    postgres = stack.children["postgres"].pid
    backends = [pid for pid in processes() if (stat_of(pid) or [0])[0] == postgres]
    workers = stack.nginx_pids()[1:]
    return {"hashing": sum(_spent(pid, hashing=True) for pid in workers),
            "the rest of nginx": sum(_spent(pid) for pid in workers),
            "PostgreSQL": sum(_spent(pid) for pid in [postgres, *backends]),
            "Redis": _spent(stack.children["redis"].pid)}


def since(stack, before, signed_in):
    """Milliseconds of a sign-in for each part."""
    return {name: (now - before[name]) / signed_in * 1e3 for name, now in parts(stack).items()}
