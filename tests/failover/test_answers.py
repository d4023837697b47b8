"""When `make failover` takes the platform for answering."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from failover.programs import answers

_REFUSAL = (
    b'{"code":404,'
    b'"message":"The requested webhook \\"GET n8n-platform-probe\\" is not registered."}'
)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Nothing, as tests print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"status":"ok"}', True),
        (404, _REFUSAL, True),
        (404, b"", False),
        (503, _REFUSAL, False),
    ],
    ids=["ready", "n8n refuses a webhook", "the gateway knows no such path", "no pod"],
)
def test_the_platform_answers_when_a_webhook_pod_does(
    status: int, body: bytes, expected: bool
) -> None:
    with answering(status, body) as url:
        assert answers(url) is expected


def test_nobody_who_listens_is_no_answer() -> None:
    with answering(200, b"") as url:
        pass
    assert not answers(url)
