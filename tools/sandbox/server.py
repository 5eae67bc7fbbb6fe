"""HTTP over Providers, on loopback.

Faults: `slow` answers after ms; `error` 500 and `garbage` 200 without JSON, nothing accepted;
`timeout` is silent for ms (30 s without it), then hangs up, nothing accepted; `drop` accepts and
hangs up, so that the sender must repeat with the same Idempotency-Key.
"""

import http.server
import json
import os
import time
import urllib.parse

from providers import Refused

LONGEST = 64 * 1024
HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = ("127.0.0.1", "localhost", "[::1]")


class HangUp(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "kabinet-sandbox"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer is one packet
    timeout = 60

    def do_GET(self):
        self._answer(self._get)

    def do_PUT(self):
        self._answer(self._put)

    def do_POST(self):
        self._answer(self._post)

    def _get(self, path, query):
        providers = self.server.providers
        if path == "/":
            return 200, self.server.page
        if path == "/sandbox/messages":
            to = query.get("to", [None])[0]
            # A '+' that nobody encoded arrives as a blank.
            return 200, providers.messages("+" + to[1:] if to and to[0] == " " else to)
        if path == "/sandbox/state":
            return 200, providers.state()
        raise Refused(404, "not_found")

    def _put(self, path, _):
        parts = path.split("/")
        if len(parts) == 4 and parts[1] == "sandbox" and parts[2] in ("bmg", "faults"):
            act = {"bmg": self.server.providers.set_bmg, "faults": self.server.providers.set_fault}
            act[parts[2]](parts[3], self._body())
            return 204, None
        raise Refused(404, "not_found")

    def _post(self, path, _):
        providers = self.server.providers
        channel = {"/v1/notifications": "push", "/v1/messages": "sms", "/v1/match": "bmg"}.get(path)
        if not channel:
            raise Refused(404, "not_found")
        body = self._body()
        mode, seconds = providers.fault(channel)
        if mode == "error":
            raise Refused(500, "sandbox_fault")
        if mode == "garbage":
            return 200, b"<html>it works"
        if mode == "timeout":
            time.sleep(seconds)
            raise HangUp
        if mode == "slow":
            time.sleep(seconds)
        key = self.headers.get("Idempotency-Key", "")
        if channel == "push":
            if not self.headers.get("Authorization", "").startswith("Bearer "):
                raise Refused(401, "bearer_missing")
            providers.notify(key, body)
        elif channel == "sms":
            providers.send(key, body)
        else:
            body = {"result": providers.match(body)}
        if mode == "drop":
            raise HangUp
        return (200, body) if channel == "bmg" else (202, {"status": "accepted"})

    def _body(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST:
            self.close_connection = True
            raise Refused(413 if length.isdigit() else 411, "bad_length")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise Refused(400, "bad_json") from None
        if not isinstance(body, dict):
            raise Refused(400, "bad_json")
        return body

    def _answer(self, act):
        try:
            # A page elsewhere must not read codes through a name that it points here.
            if self.headers.get("Host", "").rpartition(":")[0] not in HOSTS:
                raise Refused(421, "wrong_host")
            url = urllib.parse.urlsplit(self.path)
            status, what = act(urllib.parse.unquote(url.path), urllib.parse.parse_qs(url.query))
        except HangUp:
            self.close_connection = True
            return
        except Refused as refused:
            # What was not read of the body would be taken for the next request.
            self.close_connection = True
            status, what = refused.status, {"error": refused.code}
        self._send(status, what)

    def _send(self, status, what):
        page = isinstance(what, bytes)
        text = what if page else b"" if what is None else json.dumps(what, ensure_ascii=False).encode()
        self.send_response(status)
        if text:
            self.send_header("Content-Type", "text/html; charset=utf-8" if page else "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass  # codes and numbers are on the page, not in a log


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, providers):
        self.providers = providers
        with open(os.path.join(HERE, "index.html"), "rb") as file:
            self.page = file.read()
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request, client_address):
        pass  # a sender that went away
