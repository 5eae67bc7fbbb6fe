"""Random bytes never end a worker, and what was sent never stands in a log."""

import json
import pathlib
import random
import re

from support import SEED, until

KNOWN = "880314493312"
FLOWS = "/kabinet/api/v1/flows"
GOOD = {"iin": KNOWN, "consents": {"terms": True, "notifications": True}}


def mutated(dice, data):
    data = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        at, length = dice.randrange(len(data) + 1), dice.randrange(1, 40)
        how = dice.randrange(5)
        if how == 0 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif how == 1:
            data[at:at] = bytes(dice.randrange(256) for _ in range(length))
        elif how == 2:
            del data[at:at + length]
        elif how == 3:
            data[at:at] = data[at:at + length] * dice.randrange(1, 50)
        else:
            data[at:at] = dice.choice([b"\0", b"\r\n", b"\xff\xfe", b'"', b"{", b"%", b";", b"\\", b"9" * 30])
    return bytes(data)


def test_random_bytes(gateway, steady, send_raw):
    """Half of the requests are broken as a whole, half only in their body."""
    print(f"KAB_SEED={SEED}")
    dice = random.Random(SEED)
    seen = {}
    signed = gateway.signed_in(KNOWN)
    for number in range(200):
        browser = signed if dice.random() < 0.6 else gateway.browser()
        browser.begin()
        steps = [("POST", f"{FLOWS}/{browser.flow}/identify", GOOD), ("POST", FLOWS, {"kind": "login"}),
                 ("PUT", "/kabinet/api/v1/locale", {"locale": "kk"}), ("GET", "/kabinet/api/v1/sessions", {}),
                 ("DELETE", "/kabinet/api/v1/sessions", {}), ("GET", "/?x=y", {}),
                 ("POST", "/kabinet/api/v1/password", {"current_password": "a", "password": "b"})]
        method, path, fields = dice.choice(steps)
        body = json.dumps(fields).encode()
        if number % 2:
            body = mutated(dice, body)
        cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        head = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\nConnection: close\r\n"
                f"Origin: http://127.0.0.1:{gateway.port}\r\nContent-Type: application/json\r\n"
                f"Cookie: {cookies}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        data = head + body if number % 2 else mutated(dice, head + body)
        answer = send_raw(data, 5 if number % 2 else 0.1)
        for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", answer, re.M):
            seen[int(status)] = seen.get(int(status), 0) + 1
            # nginx's own words about transfer encodings and versions
            assert int(status) < 500 or int(status) in (501, 505), (number, data, answer)
    print(seen)
    assert {200, 400} <= set(seen)
    assert gateway.browser().get("/health").status == 200


def written(gateway, since=(0, 0)):
    """What access.log and error.log say since then."""
    texts = [pathlib.Path(gateway.run_dir, "logs", name).read_text(encoding="utf-8", errors="replace")
             for name in ("access.log", "error.log")]
    return [text[size:] for text, size in zip(texts, since)]


def test_secrets_stay_out_of_the_logs(gateway, steady, send_raw):
    """In whatever place a password or an IIN is sent, but for the address line, which is nginx's to log."""
    secret, stranger = "S3cret!Parol-Qupiya", "830611390604"
    before = [len(text) for text in written(gateway)]
    browser = gateway.browser()
    for body in ({"kind": secret}, {"kind": "login", secret: KNOWN},
                 {"kind": "login", "return_to": f"/{secret}"}, f'{{"{secret}'.encode(),
                 f'{{"kind":"{secret}","kind":"{KNOWN}"}}'.encode(),
                 secret.encode() + b"\xff\0", secret.encode() * 1000):
        browser.api("POST", "/flows", body)
        browser.api("POST", "/flows", body, headers={"Content-Type": secret, "Origin": secret})
    for iin in (KNOWN, stranger):
        browser.identify(iin)
        browser.step("password", {"password": secret})
        browser.step("password", {"password": secret, KNOWN: secret})
    signed = gateway.signed_in(KNOWN)
    for new, again in ((secret + KNOWN, KNOWN), (secret, secret)):
        signed.api("POST", "/password", {"current_password": secret, "password": new,
                                         "password_repeat": again})
    send_raw(f"POST {FLOWS} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n{secret}".encode(), 0.3)
    signed.api("DELETE", "/session")
    browser.get("/last-word")
    until(lambda: "/last-word" in written(gateway, before)[0])
    lines = "".join(written(gateway, before))
    assert "/kabinet/api/v1/password" in lines
    hidden = [secret, KNOWN, stranger, gateway.people[KNOWN].password, gateway.people[KNOWN].phone[1:]]
    for text in (*hidden, *browser.cookies.values(), *signed.cookies.values()):
        assert text not in lines
