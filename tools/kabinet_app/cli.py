"""kabinet-app: what the ed24.kz app does, from a terminal.

Exit status: 0 done; 1 the gateway refused or did not answer; 2 the command itself is wrong.
"""

import argparse
import json
import os
import re
import sys
import time

from . import words
from .api import Api, BadAddress, Refusal, Unreachable
from .keys import Device, KeyProblem, generate

DONE, REFUSED, MISUSED = 0, 1, 2
POLL = 25  # seconds that the gateway may keep a request
PAUSE = 1  # between two polls that came back at once


class Misuse(Exception):
    """Words about the command."""


def run_dir():
    return os.environ.get("KABINET_RUN_DIR") or ".run"


def qr_secret(text):
    """From the whole link of a QR, or its secret alone."""
    secret = text.strip().rpartition("#")[2]
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", secret):
        raise Misuse("--qr: give the QR code's link, https://…/kabinet/app/#…, or what follows its #")
    return secret


# ---- commands: each gives (the answer for machines, the words for people) ---------------------

def activate(api, options):
    device = api.device
    fields = {"phone": options.phone, "public_key": device.public_jwk, "platform": "cli",
              "accept_terms": True}
    if options.otp:
        fields["one_time_password"] = re.sub(r"[\s-]", "", options.otp)
    else:
        fields["qr"] = qr_secret(options.qr)
    if options.push_token:
        fields["push_token"] = options.push_token
    device.save()  # a key that the gateway knows must not be lost
    answer = api.activate(fields)
    device.id, device.state = answer["device_id"], "proving"
    device.save()
    until = answer.get("expires_at")
    return answer, (f"An SMS with a code goes to {options.phone}, if it is the account's number.\n"
                    f"Then, until {until}: kabinet-app --key {device.path} proof --code CODE")


def proof(api, options):
    answer = api.proof(options.code)
    api.device.state = answer.get("state")
    api.device.save()
    if answer.get("state") == "held":
        until = f" until {answer['held_until']}" if answer.get("held_until") else ""
        return answer, f"The device is on hold{until}: the account's other device was told and may object."
    return answer, "The device is active."


def challenges(api, options):
    if options.version and not options.wait:
        raise Misuse("--version goes with --wait")
    end = time.monotonic() + (options.wait or 0)
    while True:
        begun = time.monotonic()
        answer = api.challenges(max(0, min(POLL, round(end - begun))), options.version)
        if answer.get("version", 0) != options.version or end - time.monotonic() < 1:
            return answer, words.challenges(answer)
        time.sleep(max(0, PAUSE - (time.monotonic() - begun)))


def claim(api, options):
    answer = api.claim(qr_secret(options.qr))
    return answer, words.challenge(answer)


def open_(api, options):
    answer = api.open(options.id, options.sign)
    until = answer.get("expires_at")
    return answer, f"{answer.get('code')}\nType it on your own page only, before {until}. Tell nobody."


def deny(api, options):
    answer = api.deny(options.id, options.report)
    return answer, "Denied and reported." if options.report else "Denied."


def events(api, options):
    answer = api.events()
    return answer, "\n".join(map(words.event, answer.get("events") or [])) or "Nothing happened yet."


def object_(api, options):
    return api.object(options.id), "It is taken back."


def push_token(api, options):
    return api.push_token(options.token), "The gateway has the new token."


# ---- the command line -------------------------------------------------------------------------

OPTIONS = (
    ("--url", {}, "the gateway's public address (http://127.0.0.1:$KABINET_PORT)"),
    ("--key", {"metavar": "FILE"}, "this device's key and id ($KABINET_RUN_DIR/app.json)"),
    ("--as", {"metavar": "IIN", "dest": "iin"}, "a device that the demonstration's import made"),
    ("--json", {"action": "store_true"}, "answers and refusals as JSON, for programs"),
)


def parser():
    top = argparse.ArgumentParser(prog="kabinet-app", description="The ed24.kz app, from a terminal.")
    for option, how, about in OPTIONS:
        top.add_argument(option, help=about, **how)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(name, work, about):
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(work=work, command=name)
        for option, how, _ in OPTIONS:  # after the command too, without undoing those before it
            command.add_argument(option, help=argparse.SUPPRESS, **how | {"default": argparse.SUPPRESS})
        return command

    c = add("activate", activate, "Bind this device: you agree with the agreement on the parties' liability.")
    c.add_argument("--phone", required=True, help="the account's number")
    how = c.add_mutually_exclusive_group(required=True)
    how.add_argument("--otp", metavar="DIGITS", help="the one-time password of the page, 13 digits")
    how.add_argument("--qr", metavar="LINK", help="what the page's QR code says")
    c.add_argument("--push-token", metavar="TOKEN", help="where pushes go")
    add("proof", proof, "The code of the SMS.").add_argument("--code", required=True)
    c = add("challenges", challenges, "What waits for a confirmation.")
    c.add_argument("--wait", metavar="SECONDS", type=int, nargs="?", const=300,
                   help="until there is one (300)")
    c.add_argument("--version", metavar="N", type=int, default=0,
                   help="until the list is another one than that of this version")
    add("claim", claim, "The challenge of the page whose QR code was scanned.").add_argument(
        "--qr", required=True, metavar="LINK")
    c = add("open", open_, "Choose the sign that the page shows: gives the code. A wrong sign ends it.")
    c.add_argument("id", metavar="ID")
    c.add_argument("sign", metavar="SIGN")
    c = add("deny", deny, "It was not you: ends the challenge.")
    c.add_argument("id", metavar="ID")
    c.add_argument("--report", action="store_true", help="tell the operators too")
    add("events", events, "What happened to the account, newest first.")
    c = add("object", object_, "“This was not me”, of an event that says until when: takes the change back.")
    c.add_argument("id", metavar="ID")
    add("push-token", push_token, "Where pushes go from now on.").add_argument("token", metavar="TOKEN")
    return top


def device_of(options):
    if options.iin and options.key:
        raise Misuse("--as or --key, not both")
    if options.iin:
        if options.command in ("activate", "proof"):
            raise Misuse("--as is for devices that the import made; activate one of your own with --key")
        if not re.fullmatch(r"\d{12}", options.iin):
            raise Misuse("--as: an IIN has 12 digits")
        return Device.load(os.path.join(run_dir(), "devices", f"{options.iin}.jwk"))
    path = options.key or os.path.join(run_dir(), "app.json")
    if options.command == "activate":
        device = Device.load(path) if os.path.exists(path) else Device(generate(), path)
        if device.state in ("active", "held"):
            raise Misuse(f"{path} is the key of a device that is {device.state}; give another --key")
        return device
    device = Device.load(path)
    if not device.id:
        raise Misuse(f"{path}: this device is not activated")
    return device


def url_of(options):
    return options.url or f"http://127.0.0.1:{os.environ.get('KABINET_PORT') or '8080'}"


def say(options, answer, text):
    if options.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(text)


def complain(options, status, code, text):
    if options.json:
        print(json.dumps({"error": {"status": status, **code, "words": text}}, ensure_ascii=False))
    print(f"kabinet-app: {text}", file=sys.stderr)


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        answer, text = options.work(Api(url_of(options), device_of(options)), options)
        say(options, answer, text)
        return DONE
    except (Misuse, KeyProblem, BadAddress) as error:
        complain(options, 0, {"code": "misuse"}, str(error))
        return MISUSED
    except Refusal as refusal:
        told = {**refusal.problem, "code": refusal.code, "retry_after": refusal.retry_after}
        complain(options, refusal.status, told, words.refused(refusal))
    except Unreachable as error:
        complain(options, 0, {"code": "unreachable"}, str(error))
    except KeyboardInterrupt:
        return 130
    return REFUSED
