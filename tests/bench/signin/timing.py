"""How long the password step takes for IINs that have an account and for those that have none."""

import http.client
import json
import re
import statistics
import time

API = "/kabinet/api/v1/flows"
HEADERS = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}


class Visitor:
    """One kept connection and one flow cookie."""

    def __init__(self, port):
        self.plug = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = dict(HEADERS)

    def post(self, path, body):
        begun = time.perf_counter()
        self.plug.request("POST", path, json.dumps(body), self.headers)
        answer = self.plug.getresponse()
        text = answer.read()
        took = time.perf_counter() - begun
        found = re.search(r"__Host-kabinet_flow=[^;]+", answer.getheader("Set-Cookie") or "")
        if found:
            self.headers["Cookie"] = found[0]
        return answer.status, json.loads(text), took

    def wrong_password(self, iin):
        """Milliseconds of the step that refuses."""
        _, flow, _ = self.post(API, {"kind": "login"})
        path = f"{API}/{flow['id']}"
        self.post(path + "/identify", {"iin": iin, "consents": {"terms": True, "notifications": True}})
        status, answer, took = self.post(path + "/password", {"password": "Wrong!Bench2026"})
        if status != 401:
            raise RuntimeError(f"a wrong password was answered with {status} {answer.get('code')}")
        return took * 1e3


def _summary(times):
    times = sorted(times)
    return {"median": statistics.median(times), "p90": times[int(len(times) * 0.9)], "n": len(times)}


def known_and_unknown(port, known, unknown):
    """In turns, so that whatever else the machine does meets both alike."""
    visitor = Visitor(port)
    times = ([], [])
    visitor.wrong_password(known[0])
    for i, pair in enumerate(zip(known, unknown)):
        for kind in ((0, 1), (1, 0))[i % 2]:
            times[kind].append(visitor.wrong_password(pair[kind]))
    return {"known": _summary(times[0]), "unknown": _summary(times[1]),
            "ratio": statistics.median(times[0]) / statistics.median(times[1])}
