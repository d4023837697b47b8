"""The editor, in a real browser, at its public address."""

import json
from pathlib import Path

from local.environment import REPOSITORY
from local.n8n import addresses, sample
from local.n8n.first_use import OWNER_FILE
from tests.e2e.browser import chromium
from tests.e2e.platform import Platform
from tests.e2e.results import Results, stopwatch
from tests.waiting import eventually

_SCREENSHOT = "e2e-editor.png"


def test_the_owner_logs_in_and_sees_the_sample_in_the_editor(
    platform: Platform, results: Results, tmp_path: Path
) -> None:
    editor = addresses.read(REPOSITORY / "Pulumi.local.yaml").editor
    folder = platform.environment.directory
    owner = json.loads((folder / OWNER_FILE).read_text())
    workflow = json.loads(sample.FILE.read_text())

    with chromium(tmp_path) as browser, stopwatch() as watch:
        browser.open(f"{editor}signin")
        eventually(lambda: browser.shows("input[type=password]"), "the login is shown")
        browser.fill("input[type=email]", owner["email"])
        browser.fill("input[type=password]", owner["password"])
        browser.click("[data-test-id=form-submit-button]")
        eventually(lambda: workflow["name"] in browser.text(), "the sample is in the list")
        browser.open(f"{editor}workflow/{workflow['id']}")
        names = [node["name"] for node in workflow["nodes"]]
        eventually(
            lambda: all(name in browser.text() for name in names), "the sample's nodes are drawn"
        )
        browser.screenshot(folder / _SCREENSHOT)
        watch.stop()

    results.add(
        "the owner logs in with a browser",
        f"the sample's {len(names)} nodes are drawn; see .local/{_SCREENSHOT}",
        seconds=watch.seconds,
    )
