"""What the three providers know. No network here."""

import csv
import datetime
import threading

CHANNELS = ("push", "sms", "bmg")
MODES = ("ok", "slow", "error", "timeout", "garbage", "drop")
RESULTS = ("match", "mismatch", "not_registered", "consent_required", "consent_denied")
KEPT = 10000  # messages and keys, so that a benchmark does not fill memory


class Refused(Exception):
    """An answer that is not 2xx: status, code."""

    def __init__(self, status, code):
        super().__init__(code)
        self.status = status
        self.code = code


def text_of(body, *names):
    for name in names:
        if not isinstance(body.get(name), str) or not body[name]:
            raise Refused(400, f"bad_{name}")
    return tuple(body[name] for name in names)


class Providers:
    def __init__(self):
        self._guard = threading.Lock()
        self._messages = []
        self._keys = {}  # (channel, Idempotency-Key): body
        self._taken = self._repeated = 0  # messages; sendings of one that was taken before
        self._bmg = {}   # iin: {"phone":, "result":}
        self._faults = {channel: {"mode": "ok", "ms": 0} for channel in CHANNELS}

    # ---- what the gateway calls ---------------------------------------------------------

    def notify(self, key, body):
        to, token, _, text = text_of(body, "phone", "push_token", "title", "body")
        data = body.get("data", {})
        if not isinstance(data, dict):
            raise Refused(400, "bad_data")
        if token.startswith("gone"):  # an app that was removed
            raise Refused(404, "not_registered")
        self._accept("push", key, body, to, text, data)

    def send(self, key, body):
        to, text = text_of(body, "to", "text")
        self._accept("sms", key, body, to, text, {})

    def match(self, body):
        iin, phone = text_of(body, "iin", "phone")
        with self._guard:
            known = self._bmg.get(iin, {})
        if known.get("result"):
            return known["result"]
        if not known.get("phone"):
            return "not_registered"
        return "match" if known["phone"] == phone else "mismatch"

    def _accept(self, channel, key, body, to, text, data):
        if not key:
            raise Refused(400, "idempotency_key_missing")
        now = datetime.datetime.now(datetime.timezone.utc)
        with self._guard:
            if (channel, key) in self._keys:
                if self._keys[channel, key] != body:
                    raise Refused(422, "idempotency_key_reused")
                self._repeated += 1
                return
            self._taken += 1
            self._keys[channel, key] = body
            self._messages.append({
                "channel": channel, "to": to, "text": text, "data": data,
                "at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z")})
            del self._messages[:-KEPT]
            while len(self._keys) > KEPT:
                del self._keys[next(iter(self._keys))]

    # ---- what people and tests call -----------------------------------------------------

    def messages(self, to=None):
        with self._guard:
            return [message for message in self._messages if to in (None, message["to"])]

    def load_bmg(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                self._bmg[row["iin"]] = {"phone": row["phone"] or None, "result": None}

    def set_bmg(self, iin, body):
        phone, result = body.get("phone"), body.get("result")
        if not (phone is None or isinstance(phone, str)):
            raise Refused(400, "bad_phone")
        if result is not None and result not in RESULTS:
            raise Refused(400, "bad_result")
        with self._guard:
            self._bmg[iin] = {"phone": phone, "result": result}

    def set_fault(self, channel, body):
        if channel not in CHANNELS:
            raise Refused(404, "no_such_provider")
        mode = body.get("mode")
        ms = body.get("ms", 30000 if mode == "timeout" else 3000)
        if mode not in MODES:
            raise Refused(400, "bad_mode")
        if type(ms) is not int or not 0 <= ms <= 600000:
            raise Refused(400, "bad_ms")
        with self._guard:
            self._faults[channel] = {"mode": mode, "ms": ms}

    def fault(self, channel):
        with self._guard:
            fault = self._faults[channel]
        return fault["mode"], fault["ms"] / 1000

    def state(self):
        with self._guard:
            return {"bmg": dict(self._bmg), "faults": dict(self._faults),
                    "taken": self._taken, "repeated": self._repeated}
