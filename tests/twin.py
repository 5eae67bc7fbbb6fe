"""A second nginx beside a stack's own, as on another machine: one PostgreSQL and one Redis, but shared
memory, logs and sockets of its own."""

import contextlib
import os
import shutil
import subprocess

OWN = ("nginx.pid", "nginx.lock", "error.log", "access.log", "portal.sock")


@contextlib.contextmanager
def twin(stack, port):
    """It listens at this port; when it is ready is the caller's to ask."""
    with open(stack.nginx_conf, encoding="utf-8") as file:
        text = file.read()
    for old, new in ((f":{stack.port};", f":{port};"), *((name, "twin-" + name) for name in OWN)):
        assert old in text
        text = text.replace(old, new)
    path = os.path.join(stack.run_dir, "twin.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    nginx = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", path, "-p", stack.run_dir + "/",
                              "-e", os.path.join(stack.run_dir, "logs", "twin-error.log")],
                             stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        nginx.terminate()
        nginx.wait(10)
