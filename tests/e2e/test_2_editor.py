"""The editor, as somebody sees it who logs in with a browser."""

import json
from pathlib import Path
from urllib.parse import urljoin

from local.environment import REPOSITORY
from local.n8n import addresses, owner, sample
from local.n8n.first_use import OWNER_FILE
from tests.e2e.browser import ENTER, chromium
from tests.e2e.platform import Platform
from tests.e2e.results import Results
from tests.waiting import eventually

_SCREENSHOT = "e2e-editor.png"
_FORM = "input[type=password]"


def test_the_owner_logs_in_and_sees_the_sample_workflow(
    platform: Platform, results: Results, tmp_path: Path
) -> None:
    folder = platform.environment.directory
    account = owner.sign_in(platform.n8n, folder / OWNER_FILE).owner
    editor = addresses.read(REPOSITORY / "Pulumi.local.yaml").editor
    workflow = json.loads(sample.FILE.read_text())
    names = {node["name"] for node in workflow["nodes"]}
    with chromium(tmp_path) as browser:
        browser.open(editor)
        eventually(lambda: browser.shows(_FORM), "the login form is there")
        browser.fill("input[type=email]", account.email)
        browser.fill(_FORM, account.password + ENTER)
        eventually(lambda: not browser.shows(_FORM), "the login form is gone")
        browser.open(urljoin(editor, f"workflow/{workflow['id']}"))
        eventually(
            lambda: names <= set(browser.text().splitlines()), "the canvas has the sample's nodes"
        )
        browser.screenshot(folder / _SCREENSHOT)
    results.add("editor in a browser", f"logged in, shows {workflow['name']}; {_SCREENSHOT}")
