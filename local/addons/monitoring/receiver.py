"""Stands in for Slack and for the service that misses a heartbeat: prints what it is told.

One line of JSON for each message: `make logs TIER=alerts`. It runs in a pod, with nothing but
Python.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PORT = 8080


class Receiver(BaseHTTPRequestHandler):
    """Takes any message."""

    def do_POST(self) -> None:
        """Print it, and say that it has arrived."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sys.stdout.write(f"{json.dumps(json.loads(body))}\n")
        sys.stdout.flush()
        self.send_response(200)
        self.end_headers()
        # As Slack answers.
        self.wfile.write(b"ok")

    def do_GET(self) -> None:
        """Answer the kubelet's probes."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Print nothing else."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", _PORT), Receiver).serve_forever()
