"""A gateway that checks each signature by itself, without the client's modules, and plays what it is told."""

import base64
import hashlib
import http.server
import json
import re
import threading

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

INPUT = re.compile(r'^[a-z]+=(\("@method" "@target-uri" "content-digest"\)'
                   r';created=(\d+);keyid="([A-Za-z0-9_-]+)";nonce="([A-Za-z0-9_-]+)")$')


def number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def public_key(jwk):
    return ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()


def verify(jwk, base, signature):
    assert len(signature) == 64
    der = encode_dss_signature(*(int.from_bytes(half, "big") for half in (signature[:32], signature[32:])))
    public_key(jwk).verify(der, base, ec.ECDSA(hashes.SHA256()))


def fault(jwk, method, uri, headers, body):
    """What is wrong with a request; None: nothing."""
    digest = "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"
    if headers.get("Content-Digest") != digest:
        return "digest"
    found = INPUT.match(headers.get("Signature-Input") or "")
    if not found:
        return "input"
    base = (f'"@method": {method}\n"@target-uri": {uri}\n"content-digest": {digest}\n'
            f'"@signature-params": {found[1]}').encode()
    signature = re.fullmatch(r"[a-z]+=:([A-Za-z0-9+/]+=*):", headers.get("Signature") or "")
    try:
        verify(jwk, base, base64.b64decode(signature[1]))
    except (InvalidSignature, TypeError, AssertionError):
        return "signature"
    return None


def problem(status, code, **more):
    return {"type": "about:blank", "title": "No", "status": status, "code": code, **more}


class Gateway(http.server.ThreadingHTTPServer):
    """`answers`: what to say, in turn: (status, object or bytes, headers). `seen`: what was asked."""

    daemon_threads = True

    def __init__(self, jwk=None, handler=None):
        super().__init__(("127.0.0.1", 0), handler or Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.jwk = jwk  # None: the one that the body brings
        self.answers, self.seen = [], []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def reply(self, _seen):
        return self.answers.pop(0) if self.answers else (500, b"", {})

    def will(self, status, body=b"", **headers):
        self.answers.append((status, body, {name.replace("_", "-"): text for name, text in headers.items()}))


class Handler(http.server.BaseHTTPRequestHandler):
    """One request, one answer of the list."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        gateway = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fields = json.loads(body) if body else None
        gateway.jwk = gateway.jwk or (fields or {}).get("public_key")
        found = INPUT.match(self.headers.get("Signature-Input") or "")
        seen = {
            "request": f"{self.command} {self.path}", "fields": fields, "cookie": self.headers.get("Cookie"),
            "fault": fault(gateway.jwk, self.command, gateway.url + self.path, self.headers, body),
            "keyid": found and found[3], "nonce": found and found[4], "created": found and int(found[2]),
        }
        gateway.seen.append(seen)
        status, said, headers = gateway.reply(seen)
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response_only(status)
        for name, text in headers.items():
            self.send_header(name, text)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass
