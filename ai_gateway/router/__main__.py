"""Run the router until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import signal
import sys
from pathlib import Path

from aiohttp import web
from prometheus_client import disable_created_metrics

from ai_gateway.document import Document
from ai_gateway.router import logs
from ai_gateway.router.keys import Keys
from ai_gateway.router.server import Router
from ai_gateway.router.upstream import Upstream


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return str(ipaddress.ip_address(host)), int(port)


def _loopback(text: str) -> tuple[str, int]:
    """An address that only this machine's, or this pod's, programs reach: callers show no key."""
    host, port = _address(text)
    if not ipaddress.ip_address(host).is_loopback:
        raise argparse.ArgumentTypeError(f"{host} is not a loopback address")
    return host, port


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m ai_gateway.router", description=__doc__)
    parser.add_argument(
        "--document", type=Path, required=True, help="the routing document; read once"
    )
    parser.add_argument("--keys", type=Path, required=True, help="folder with a file for each key")
    parser.add_argument(
        "--listen",
        type=_loopback,
        default="127.0.0.1:8787",
        help="where workflows reach it, a loopback address; by default %(default)s",
    )
    parser.add_argument(
        "--metrics",
        # Prometheus and the kubelet come from outside the pod.
        type=_address,
        default="0.0.0.0:9464",
        help="where /metrics, /healthz and /readyz are; by default %(default)s",
    )
    parser.add_argument(
        "--timeout-seconds",
        type=float,
        default=300,
        help="without a byte from the gateway, a call has failed; by default %(default)s",
    )
    parser.add_argument(
        "--grace-seconds",
        type=float,
        default=60,
        help="how long calls may take that run when it is told to end; by default %(default)s",
    )
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace, document: Document) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    keys = Keys(arguments.keys)
    gateway = Upstream(document, keys, timeout=arguments.timeout_seconds)
    router = Router(document, keys, gateway)
    watch = web.AppRunner(router.watch(), access_log=None)
    # aiohttp waits this long twice, the second time without reading from callers.
    half = arguments.grace_seconds / 2
    calls = web.AppRunner(router.calls(), access_log=None, shutdown_timeout=half)
    try:
        for runner, (host, port) in ((watch, arguments.metrics), (calls, arguments.listen)):
            await runner.setup()
            await web.TCPSite(runner, host, port).start()
        logs.say("started", use_cases=len(document.use_cases), upstream=document.upstream)
        await stop.wait()
        router.draining = True
        logs.say("ending")
    finally:
        await calls.cleanup()
        await gateway.close()
        await watch.cleanup()
    logs.say("ended")


def main() -> int:
    """Run until SIGTERM or SIGINT; 2 if it cannot start."""
    arguments = _arguments()
    try:
        document = Document.from_json(arguments.document.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{arguments.document}: {error}\n")
        return 2
    logs.start()
    # A second series for each counter, which nothing here asks for.
    disable_created_metrics()
    asyncio.run(_serve(arguments, document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
