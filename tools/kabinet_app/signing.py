"""Signed requests: RFC 9421 with ecdsa-p256-sha256 over "@method", "@target-uri" and "content-digest".

The digest (RFC 9530, sha-256) is sent and signed for the empty body too. `nonce` keeps two equal
requests of one second apart, which the gateway would take for a replay.
"""

import base64
import hashlib
import secrets
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

LABEL = "sig"
COMPONENTS = ("@method", "@target-uri", "content-digest")


def content_digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signature_params(created, keyid, nonce=None):
    names = " ".join(f'"{name}"' for name in COMPONENTS)
    text = f'({names});created={created};keyid="{keyid}"'
    return f'{text};nonce="{nonce}"' if nonce else text


def signature_base(method, target_uri, digest, params):
    """Exactly what is signed: four lines, no line feed at the end."""
    return "\n".join((
        f'"@method": {method}',
        f'"@target-uri": {target_uri}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    ))


def sign_raw(key, text):
    """r and s as 32 bytes each, not the DER that libraries give (RFC 9421, 3.3.4)."""
    r, s = decode_dss_signature(key.sign(text.encode("ascii"), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signed_headers(key, keyid, method, target_uri, body, created=None, nonce=None):
    """The three fields to send with the request."""
    digest = content_digest(body)
    created = int(time.time()) if created is None else created
    params = signature_params(created, keyid, secrets.token_urlsafe(12) if nonce is None else nonce)
    signature = sign_raw(key, signature_base(method, target_uri, digest, params))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={params}",
        "Signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
    }
