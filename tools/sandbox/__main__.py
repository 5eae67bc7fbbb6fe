"""python3 tools/sandbox --port N: plays the push service, the SMS gateway and the state base."""

import argparse
import os
import pwd
import signal
import sys

from providers import Providers
from server import Server

parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--bmg", help="CSV with iin,phone")
parser.add_argument("--log", help="where the output goes; only marks the process")
parser.add_argument("--user", help="whom to become, as root, once all files are read")
options = parser.parse_args()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
providers = Providers()
if options.bmg:
    providers.load_bmg(options.bmg)
server = Server(options.port, providers)
if options.user and os.getuid() == 0:
    user = pwd.getpwnam(options.user)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
