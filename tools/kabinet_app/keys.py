"""The device's key: P-256 as a JWK (RFC 7517, 7518), its thumbprint (RFC 7638), and the file it lives in.

The file is a JWK with two more members: `kid`, the device id once the gateway gave one, and `state`,
which is `proving` until the code of the SMS was right.
"""

import base64
import hashlib
import json
import os

from cryptography.hazmat.primitives.asymmetric import ec

COORDINATE = 32
CURVE = ec.SECP256R1()


class KeyProblem(Exception):
    """Words about a key or its file for the person at the keyboard."""


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def generate():
    return ec.generate_private_key(CURVE)


def public_jwk(key):
    """What POST /app/devices takes as `public_key`."""
    numbers = key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": b64url(numbers.x.to_bytes(COORDINATE, "big")),
        "y": b64url(numbers.y.to_bytes(COORDINATE, "big")),
    }


def private_jwk(key):
    d = key.private_numbers().private_value
    return {**public_jwk(key), "d": b64url(d.to_bytes(COORDINATE, "big"))}


def thumbprint(jwk):
    """base64url of SHA-256 over the required members of an EC key, sorted, without blanks."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return b64url(hashlib.sha256(text.encode()).digest())


def from_jwk(jwk):
    """The private key of a JWK whose halves belong together."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise KeyProblem("not a P-256 key")
    try:
        parts = [from_b64url(jwk[name]) for name in ("x", "y", "d")]
    except (KeyError, TypeError, ValueError):
        raise KeyProblem("x, y and d must be base64url") from None
    if any(len(part) != COORDINATE for part in parts):
        raise KeyProblem("x, y and d must be 32 bytes each")
    x, y, d = (int.from_bytes(part, "big") for part in parts)
    try:
        public = ec.EllipticCurvePublicNumbers(x, y, CURVE)
        return ec.EllipticCurvePrivateNumbers(d, public).private_key()
    except ValueError:
        raise KeyProblem("the public half does not belong to the private one") from None


class Device:
    """A key, and the device that the gateway made of it."""

    def __init__(self, key, path=None, id=None, state=None):
        self.key = key
        self.path = path
        self.id = id
        self.state = state

    @property
    def public_jwk(self):
        return public_jwk(self.key)

    @property
    def thumbprint(self):
        return thumbprint(self.public_jwk)

    @classmethod
    def load(cls, path):
        try:
            with open(path, encoding="utf-8") as file:
                jwk = json.load(file)
            if not isinstance(jwk, dict):
                raise KeyProblem("not a JSON object")
            return cls(from_jwk(jwk), path, jwk.get("kid"), jwk.get("state"))
        except FileNotFoundError:
            raise KeyProblem(f"{path}: there is no such key; `activate` makes one") from None
        except OSError as error:
            raise KeyProblem(f"{path}: {error.strerror}") from None
        except ValueError:
            raise KeyProblem(f"{path}: not JSON") from None
        except KeyProblem as error:
            raise KeyProblem(f"{path}: {error}") from None

    def save(self):
        """In one piece, readable by its owner only."""
        jwk = private_jwk(self.key)
        jwk.update({name: value for name, value in (("kid", self.id), ("state", self.state)) if value})
        part = f"{self.path}.part"
        try:
            os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
            if os.path.lexists(part):
                os.unlink(part)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w",
                           encoding="utf-8") as file:
                file.write(json.dumps(jwk) + "\n")
            os.replace(part, self.path)
        except OSError as error:
            raise KeyProblem(f"{self.path}: {error.strerror}") from None
