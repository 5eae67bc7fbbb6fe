"""What the gateway's answers mean for the person, and what to do next."""

PURPOSES = {
    "recovery": "set a NEW PASSWORD for your account",
    "reregistration": "RE-REGISTER the account of a child's representative to your number",
    "phone": "CHANGE THE PHONE NUMBER of your account",
}
SAFETY = "Employees never ask for the code. If this was not you: deny ID --report"

CODES = {
    "signature_invalid": "the gateway does not accept the signature: is this the device's own key, and "
                         "--url the very address that people open?",
    "signature_replayed": "the gateway has seen this very request; give the command again",
    "device_held": "this device is on hold: the account's other device was told and may object",
    "device_unknown": "the gateway does not know this device (removed, or never activated): activate again",
    "wrong_state": "it is too late for that, or it was never possible; read the list or the events again",
    "proof_wrong": "the code is not the one of the SMS, or its time is over, or the number is not the "
                   "account's",
    "challenge_burned": "this confirmation is over (denied, a wrong sign, or used up): begin again on the "
                        "page",
    "not_found": "there is no such thing for this device",
    "bmg_mismatch": "the state's base (BMG) says that the number is another person's",
    "bmg_not_registered": "the number is not registered in the state's base (BMG): register it and repeat",
    "bmg_consent_required": "the state's base (BMG) asks for your consent: give it and repeat",
    "bmg_consent_denied": "your consent was denied in the state's base (BMG)",
    "throttled": "too many attempts",
    "service_unavailable": "the service is temporarily unavailable; nothing is lost",
    "overloaded": "too many people at once",
    "https_required": "the gateway wants https",
    "internal": "something went wrong in the gateway; try again later",
}
FIELDS = {
    "missing": "is missing",
    "empty": "is empty",
    "consent_required": "must be agreed to",
    "otp_check_digit": "is mistyped (the last digit does not fit)",
    "otp_wrong": "is not one that a page shows now: wrong, too late or used up",
}


def _clock(refusal):
    skew = refusal.skew()
    if not skew:
        return "this machine's clock is off: set it right, then give the command again"
    side = "ahead of" if skew > 0 else "behind"
    return (f"this machine's clock is {abs(skew)} s {side} the gateway's: set it right "
            "(timedatectl set-ntp true), then give the command again")


def _fields(errors):
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            code = str(error.get("code"))
            yield f"{error.get('field')} {FIELDS.get(code, code)}"


def refused(refusal):
    """One sentence or two."""
    if refusal.code == "clock_skew":
        return _clock(refusal)
    text = CODES.get(refusal.code) or f"{refusal.problem.get('title') or 'refused'} ({refusal.code})"
    details = ", ".join(_fields(refusal.problem.get("errors")))
    if details:
        text = details
    if refusal.problem.get("held_until"):
        text += f"; until {plain(refusal.problem['held_until'])}"
    left = refusal.problem.get("attempts_left")
    if isinstance(left, int):
        text += f"; attempts left: {left}"
    if refusal.retry_after:
        text += f"; try again in {refusal.retry_after} s"
    return text


def plain(value):
    """A text from outside, harmless to a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(value))


def challenge(found):
    """Who and what stand before the signs."""
    said = {name: plain(value) for name, value in found.items() if value}
    where = ", ".join(said[name] for name in ("browser", "place") if name in said)
    signs = "   ".join(map(plain, found.get("signs") or []))
    return "\n".join((
        said.get("id", "?"),
        f"  Somebody wants to {PURPOSES.get(said.get('purpose'), said.get('purpose'))}",
        f"  on {where or 'an unknown browser'}",
        f"  asked {said.get('created_at')}, ends {said.get('expires_at')}",
        f"  {SAFETY}",
        f"  Which sign does YOUR page show?  {signs}",
    ))


def challenges(answer):
    found = answer.get("challenges") or []
    known = plain(answer.get("version"))
    return "\n\n".join((*map(challenge, found), f"Until there is another: challenges --wait --version {known}")
                       ) if found else "Nothing waits for you."


def event(found):
    line = "  ".join(plain(found[name]) for name in ("id", "at", "kind", "browser", "place")
                     if found.get(name))
    if found.get("objected"):
        return f"{line}  (taken back)"
    if found.get("object_until"):
        return f"{line}\n  If this was not you, until {plain(found['object_until'])}: object {plain(found['id'])}"
    return line
