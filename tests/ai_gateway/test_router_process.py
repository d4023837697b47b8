"""The router as a process: many calls, its end, what it says, and who reaches it."""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ai_gateway import trial
from ai_gateway.document import Document
from ai_gateway.stubs import Behaviour
from tests.ai_gateway.conftest import KEYS, MakeWay, make_document, model_name, tier_config
from tests.waiting import eventually

_MODEL = model_name("balanced", "openai")
_CALL = "balanced_work:performance"


def test_two_hundred_calls_at_once_are_all_answered_and_counted(make_way: MakeWay) -> None:
    # Time enough: the gateway is a single process, and the machine may be busy.
    tier = tier_config("balanced", request_timeout=60_000)
    with make_way(tiers={**make_document().tiers, "balanced": tier}) as way:
        hold = threading.Event()
        way.stubs.behave(_MODEL, Behaviour(hold=hold))
        with ThreadPoolExecutor(200) as pool:
            calls = [pool.submit(way.ask, _CALL) for _ in range(200)]
            eventually(lambda: len(way.stubs.received) == 200, "all calls wait at once")
            hold.set()
            assert {call.result()[0] for call in calls} == {200}
        assert way.metric("ai_requests_total", status="2xx", model=_MODEL) == 200
        assert way.metric("ai_tokens_total", direction="output") == 200 * 20


def test_a_stream_that_runs_when_the_router_ends_is_finished(make_way: MakeWay) -> None:
    with make_way() as way:
        hold = threading.Event()
        way.stubs.behave(_MODEL, Behaviour(hold=hold))
        messages = [{"role": "user", "content": "hello"}]
        body = json.dumps({"model": _CALL, "messages": messages, "stream": True}).encode()
        with trial.request(way.router.url, "/v1/chat/completions", body) as answer:
            assert b"Hel" in answer.readline()
            way.router.process.send_signal(signal.SIGTERM)
            eventually(lambda: not _listens(way.router.url), "no new call is taken", seconds=10)
            with trial.request(way.router.metrics_url, "/readyz") as ready:
                assert (ready.status, ready.read()) == (503, b"ending\n")
            hold.set()
            rest = answer.read()
        assert rest.rstrip().endswith(b"data: [DONE]")
        assert way.router.process.wait(10) == 0


def test_a_call_that_outlasts_the_grace_period_is_cut_off(make_way: MakeWay) -> None:
    with make_way(options={"grace_seconds": 0.5}) as way:
        hold = threading.Event()
        for provider in ("anthropic", "openai"):
            way.stubs.behave(model_name("balanced", provider), Behaviour(hold=hold))
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(way.ask, "balanced_work:cost")
            eventually(lambda: bool(way.stubs.received), "the call has arrived", seconds=10)
            way.router.process.send_signal(signal.SIGTERM)
            assert way.router.process.wait(10) == 0
            hold.set()
            with pytest.raises(http.client.RemoteDisconnected):
                call.result()
        assert '"reason": "cut_off"' in way.router.said()


def test_no_log_has_a_key_a_prompt_or_an_answer(make_way: MakeWay) -> None:
    secret = "prompt-of-somebody"
    with trial.gateway() as gateway, make_way(upstream=gateway.url) as way:
        for status in (200, 400, 401, 429, 500):
            way.stubs.behave(_MODEL, Behaviour(status=status))
            way.ask(_CALL, secret)
            way.ask(_CALL, secret, user=secret)
        way.stubs.behave(_MODEL, Behaviour(raw="{not json " + secret))
        way.ask(_CALL, secret)
        way.ask(f"{secret}:cost")
        way.ask(_CALL, secret, **{secret: secret})
        way.ask(_CALL, secret, stream=True, temperature="x" + secret)
        _send(way.router.url, f"GET /{secret} HTTP/1.1\r\nBad Header {secret}\r\n\r\n")
        _send(way.router.url, f"{secret}\r\n\r\n")
        said = way.router.said() + gateway.said() + way.router.metrics()
        lines = [json.loads(line) for line in way.router.said().splitlines()]
    assert [line for line in lines if line["event"] == "call"]
    for word in (secret, *KEYS.values(), "Hello!", "x-portkey"):
        assert word not in said


def test_of_a_librarys_error_only_its_kind_is_logged() -> None:
    program = """
import logging
from ai_gateway.router import logs
logs.start()
try:
    raise ValueError("prompt")
except ValueError:
    logging.getLogger("aiohttp.server").exception("answering %s", "prompt")
"""
    said = subprocess.run(
        (sys.executable, "-c", program),
        cwd=trial.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(said.stdout)["error"] == "ValueError"
    assert "prompt" not in said.stdout + said.stderr


def test_a_log_has_one_line_for_a_call(make_way: MakeWay) -> None:
    with make_way() as way:
        way.ask(_CALL)
        [line] = [
            each
            for each in map(json.loads, way.router.said().splitlines())
            if each["event"] == "call"
        ]
    assert line.keys() == {"time", "event", "use_case", "strategy", "status", "ms"}


def test_the_gateway_is_not_reachable_at_other_addresses(gateway: trial.Running) -> None:
    port = urllib.parse.urlsplit(gateway.url).port or 0
    others = {"127.0.0.2", *_addresses()}
    assert _listens(gateway.url)
    for other in others:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((other, port), timeout=5)


def test_the_gateway_ends_when_it_is_told_to() -> None:
    with trial.gateway() as gateway:
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(10) == 0


def test_the_router_listens_to_its_own_machine_alone() -> None:
    result = _start("--document", "x", "--keys", "x", "--listen", "0.0.0.0:8787")
    assert result.returncode == 2
    assert "not a loopback address" in result.stderr


def test_a_document_that_does_not_fit_together_is_refused_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "routing.json"
    file.write_text(make_document(baseline="nobody/nothing", default_strategy="luck").to_json())
    result = _start("--document", str(file), "--keys", str(tmp_path))
    assert result.returncode == 2
    assert "baseline nobody/nothing is not in models" in result.stderr
    assert "default_strategy luck is not in strategies" in result.stderr


def test_the_images_files_are_enough_for_the_router(tmp_path: Path) -> None:
    image = trial.REPOSITORY / "ai_gateway" / "image"
    for line in (image / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "./ai_gateway" in line:
            *sources, to = line.split()[1:]
            (tmp_path / to).mkdir(parents=True, exist_ok=True)
            for source in sources:
                file = trial.REPOSITORY / "ai_gateway" / source
                if file.is_dir():
                    shutil.copytree(file, tmp_path / to, dirs_exist_ok=True)
                else:
                    shutil.copy(file, tmp_path / to)
    loaded = subprocess.run(
        (
            sys.executable,
            "-c",
            "import sys, ai_gateway.router.__main__\n"
            "print(*sorted({getattr(module, '__file__', None) or '' "
            "for module in sys.modules.values()}))",
        ),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(tmp_path) in loaded
    for package in ("pulumi", "pydantic", "yaml"):
        assert f"site-packages/{package}/" not in loaded


def test_the_image_has_the_versions_that_are_tested() -> None:
    def pins(file: Path) -> set[str]:
        lines = file.read_text().splitlines()
        return {line.split()[0] for line in lines if "==" in line and line[0].isalpha()}

    image = pins(trial.REPOSITORY / "ai_gateway" / "image" / "requirements.txt")
    assert image
    assert image <= pins(trial.REPOSITORY / "requirements.txt")


def test_a_document_is_the_same_after_it_was_written_and_read() -> None:
    document = make_document()
    assert Document.from_json(document.to_json()) == document


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"upstream": 1}'])
def test_what_is_no_document_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Document.from_json(text)


def _listens(url: str) -> bool:
    address = urllib.parse.urlsplit(url)
    try:
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=5):
            return True
    except ConnectionRefusedError:
        return False


def _send(url: str, text: str) -> None:
    address = urllib.parse.urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as peer:
        peer.sendall(text.encode())
        peer.recv(65536)


def _addresses() -> list[str]:
    """This machine's own addresses beside loopback."""
    said = subprocess.run(("hostname", "-I"), capture_output=True, text=True, check=True).stdout
    return [address for address in said.split() if ":" not in address]


def _start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "ai_gateway.router", *arguments),
        cwd=trial.REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
