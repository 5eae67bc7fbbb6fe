"""A small HTTP server on a Unix socket that plays the portal behind nginx and writes down what it hears."""

import contextlib
import http.server
import os
import socketserver
import tempfile
import threading
import types

SOCKET = os.path.join(tempfile.gettempdir(), f"kabinet-portal-{os.getpid()}.sock")
TO_PORTAL = f"""proxy_pass http://unix:{SOCKET}:; proxy_set_header Iin $kabinet_iin;
    proxy_set_header Account $kabinet_account; proxy_set_header Session $kabinet_session;
    proxy_set_header Auth-Time $kabinet_auth_time; proxy_set_header Methods $kabinet_methods;"""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every request alike and remembers it."""

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        seen = types.SimpleNamespace(method=self.command, path=self.path, headers=self.headers,
                                     body=self.rfile.read(length))
        self.server.seen.append(seen)
        ssi = b'[<!--# include virtual="/part" -->]' if self.path.startswith("/ssi/") else b""
        body = b"portal:" + (self.headers.get("Iin") or "nobody").encode() + ssi
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128
    daemon_threads = True


@contextlib.contextmanager
def listening():
    """What nginx sent: a list of (method, path, headers, body)."""
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    with Server(SOCKET, Handler) as server:
        server.seen = []
        os.chmod(SOCKET, 0o666)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.seen
        server.shutdown()
        thread.join()
    os.unlink(SOCKET)
