"""The gateway's /kabinet/api/v1/app: one method a route, each request signed."""

import datetime
import email.utils
import http.client
import json
from urllib.parse import quote, urlsplit

from . import signing

BASE = "/kabinet/api/v1/app"
PATIENCE = 30  # seconds for an answer, beyond what was asked to wait
ANSWER_MAX = 1 << 20


class Unreachable(Exception):
    """No answer, or one that is not the gateway's."""


class Refusal(Exception):
    """An answer that is not 2xx: `code` is stable, `problem` the whole of RFC 9457's object."""

    def __init__(self, status, problem, retry_after=0, date=None):
        self.status = status
        self.problem = problem
        self.code = problem.get("code") or f"http_{status}"
        self.retry_after = retry_after
        self.date = date
        super().__init__(self.code)

    def skew(self):
        """Seconds that this clock is ahead of the gateway's, or None if it did not say."""
        if self.date is None:
            return None
        return round((datetime.datetime.now(datetime.timezone.utc) - self.date).total_seconds())


class BadAddress(Exception):
    """--url, in words."""


def origin_of(url):
    """scheme://host[:port] as it stands in "@target-uri"; BadAddress with words."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddress(f"{url}: give an address such as https://cabinet.example.kz")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise BadAddress(f"{url}: only scheme, host and port")
    local = parts.hostname in ("localhost", "::1") or parts.hostname.startswith("127.")
    if parts.scheme == "http" and not local:
        raise BadAddress(f"{url}: plain http is for this machine only; use https")
    usual = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"


def _number(*values):
    for value in values:
        try:
            return max(0, int(value))
        except (TypeError, ValueError):
            continue
    return 0


def _date(text):
    try:
        found = email.utils.parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)


class Api:
    """Speaks as `device`; to the two requests of activation as its key alone."""

    def __init__(self, url, device):
        self.origin = origin_of(url)
        self.device = device

    def call(self, method, path, fields=None, keyid=None, patience=PATIENCE):
        body = b"" if fields is None else json.dumps(fields).encode()
        target = BASE + path
        keyid = keyid or self.device.id or self.device.thumbprint
        headers = signing.signed_headers(self.device.key, keyid, method, self.origin + target, body)
        headers["Accept"] = "application/json"
        if fields is not None:
            headers["Content-Type"] = "application/json"
        status, answer, data = self._exchange(method, target, body, headers, patience)
        if 200 <= status < 300:
            return self._object(data) if data else {}
        problem = self._object(data, strict=False)
        raise Refusal(status, problem, _number(problem.get("retry_after"), answer.get("Retry-After")),
                      _date(answer.get("Date")))

    def _exchange(self, method, target, body, headers, patience):
        scheme, _, host = self.origin.partition("://")
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        connection = kind(host, timeout=patience)
        try:
            connection.request(method, target, body=body or None, headers=headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read(ANSWER_MAX)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.origin}: {error or type(error).__name__}") from None
        finally:
            connection.close()

    def _object(self, data, strict=True):
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        if strict:
            raise Unreachable(f"{self.origin}: the answer is not the gateway's")
        return {}

    # ---- the routes -----------------------------------------------------------------------

    def activate(self, fields):
        answer = self.call("POST", "/devices", fields, keyid=self.device.thumbprint)
        if not isinstance(answer.get("device_id"), str):
            raise Unreachable(f"{self.origin}: the answer is not the gateway's")
        return answer

    def proof(self, code):
        path = f"/devices/{quote(self.device.id, safe='')}/proof"
        return self.call("POST", path, {"code": code}, keyid=self.device.thumbprint)

    def push_token(self, token):
        return self.call("PUT", "/push-token", {"push_token": token})

    def challenges(self, wait=0, version=0):
        """With `wait` seconds kept there until the list is not the one of `version`; 0: the empty one."""
        query = f"?wait={wait}" if wait else ""
        if wait and version:
            query += f"&version={version}"
        return self.call("GET", f"/challenges{query}", patience=PATIENCE + wait)

    def claim(self, qr):
        return self.call("POST", "/challenges/claim", {"qr": qr})

    def open(self, id, sign):
        return self.call("POST", f"/challenges/{quote(id, safe='')}/open", {"sign": sign})

    def deny(self, id, report=False):
        fields = {"report": True} if report else {}
        return self.call("POST", f"/challenges/{quote(id, safe='')}/deny", fields)

    def events(self):
        return self.call("GET", "/events")

    def object(self, id):
        return self.call("POST", f"/events/{quote(id, safe='')}/object", {})
