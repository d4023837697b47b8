"""A headless Chromium, driven through the W3C's WebDriver protocol, which is JSON over HTTP.

Debian's packages, unpacked into the cache: nothing is installed, and no other browser is started.
"""

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.n8n.public import Session
from local.toolchain import debian

ENTER = "\ue007"
"""The key, in a text to type (W3C WebDriver)."""

# As root it has no sandbox.
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # Without these it calls its maker at every start.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # And whatever a page would fetch from elsewhere: nothing leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost",
    "--window-size=1440,900",
)
_STARTED = re.compile(r"started successfully on port (\d+)")
_ANSWER_SECONDS = 120


class Browser:
    """One window."""

    def __init__(self, driver: Session, session_id: str) -> None:
        self._driver = driver
        self._path = f"/session/{session_id}"

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        self._call("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """Run JavaScript in the page; what it returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def fill(self, selector: str, text: str) -> None:
        """Type into the field that a CSS selector names."""
        self._call("POST", f"/element/{self._element(selector)}/value", {"text": text})

    def shows(self, selector: str) -> bool:
        """Whether something that a CSS selector names is there."""
        return bool(self.run("return document.querySelector(arguments[0]) !== null", selector))

    def text(self) -> str:
        """What the page says."""
        return self.run("return document.body.innerText")

    def screenshot(self, file: Path) -> None:
        """Write what the window shows as a PNG."""
        file.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def close(self) -> None:
        """Close the window, which ends Chromium."""
        self._call("DELETE", "")

    def _element(self, selector: str) -> str:
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        return next(iter(found.values()))

    def _call(self, method: str, path: str, content: object = None) -> Any:
        return _value(self._driver.request(method, f"{self._path}{path}", content).json())


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile in the folder `profile`, closed after the body."""
    packages = debian.fetch("chromium", "chromium-driver", report=print)
    environment = packages.environment()
    # A private library of one of them, which its own path would name if it were installed.
    private = sorted((packages.root / "usr/lib").glob("*-linux-*/pulseaudio"))
    libraries = [environment["LD_LIBRARY_PATH"], *map(str, private)]
    with subprocess.Popen(
        (packages.program("chromedriver"), "--port=0"),
        env={
            **environment,
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "HOME": str(profile),
            "TMPDIR": str(profile),
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            driver = Session(url=f"http://localhost:{_port(process)}/", seconds=_ANSWER_SECONDS)
            options = {
                "binary": str(packages.root / "usr/lib/chromium/chromium"),
                "args": [*_ARGUMENTS, f"--user-data-dir={profile}/data"],
            }
            wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
            created = _value(driver.request("POST", "/session", wanted).json())
            browser = Browser(driver, created["sessionId"])
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()


def _port(process: subprocess.Popen[str]) -> int:
    for line in process.stdout or ():
        if started := _STARTED.search(line):
            return int(started[1])
    raise AssertionError(f"chromedriver ended with status {process.wait()}")


def _value(answer: dict[str, Any]) -> Any:
    value = answer["value"]
    assert not (isinstance(value, dict) and "error" in value), value["message"]
    return value
