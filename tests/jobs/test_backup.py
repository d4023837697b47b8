"""What the scripts of n8n's own backup do with what n8n does.

n8n itself is played here, as it takes minutes to unpack: what it says, writes and how it ends was
read from n8n 2.40.7 on PostgreSQL, with which the same scripts were run once.
"""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.jobs import job

_SCRIPTS = Path(job.__file__).parent / "scripts"

_N8N = """#!/bin/sh
# Keeps its objects as files in $STORE/workflow and $STORE/credentials.
command=$1 output='' input=''
for each in "$@"; do
    case $each in
        --output=*) output=${each#--output=} ;;
        --input=*) input=${each#--input=} ;;
    esac
done
kind=${command#*:}
if [ -n "$FAIL" ] && [ "$command" = "$FAIL" ]; then
    echo "There was an error"
    exit "${STATUS:-1}"
fi
case $command in
    export:*)
        mkdir -p "$STORE/$kind"
        set -- "$STORE/$kind"/*.json
        if [ ! -f "$1" ]; then
            [ "$kind" = workflow ] && kind=workflows
            echo "No $kind found with specified filters"
            exit 1
        fi
        if [ "$output" = /dev/null ]; then
            grep -q "$KEY" "$@" || { echo 'Credentials could not be decrypted.'; exit 1; }
        else
            mkdir -p "$output" && cp "$@" "$output"
        fi
        echo "Successfully exported $# $kind."
        ;;
    import:*) mkdir -p "$STORE/$kind" && cp "$input"/*.json "$STORE/$kind" ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """An n8n with its objects, an empty one, and the volume of backups."""

    folder: Path

    @property
    def backups(self) -> list[Path]:
        """From the oldest to the newest."""
        return sorted((self.folder / "backup").iterdir())

    def has(self, *objects: str) -> None:
        for each in objects:
            file = self.folder / "n8n" / f"{each}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{each} encrypted with right-key")

    def run(self, script: str, store: str, *commands: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            ("sh", _SCRIPTS / script, self.folder / "backup", *commands),
            env={
                "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
                "STORE": str(self.folder / store),
                "KEY": "right-key",
                "KEEP_DAYS": "30",
                "FAIL": "",
                "TMPDIR": str(self.folder),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def back_up(self, **environment: str) -> tuple[int, str]:
        return self.run("backup.sh", "n8n", "export:workflow", "export:credentials", **environment)

    def test(self, **environment: str) -> tuple[int, str]:
        return self.run(
            "test-backup.sh", "empty", "import:workflow", "import:credentials", **environment
        )


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    program = tmp_path / "n8n-program"
    program.write_text(_N8N)
    program.chmod(0o755)
    found = tmp_path / "bin"
    found.mkdir()
    (found / "n8n").symlink_to(program)
    (tmp_path / "backup").mkdir()
    return Platform(folder=tmp_path)


@pytest.fixture(autouse=True)
def n8n_is_found(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{platform.folder / 'bin'}{os.pathsep}{os.environ['PATH']}")


def test_a_backup_has_every_object_and_only_its_owner_reads_it(platform):
    platform.has("workflow/a", "workflow/b", "credentials/c")

    assert platform.back_up() == (0, "export:workflow: 2 files\nexport:credentials: 1 files\n")

    (backup,) = platform.backups
    files = {str(each.relative_to(backup)) for each in backup.rglob("*.json")}
    assert files == {"workflow/a.json", "workflow/b.json", "credentials/c.json"}
    assert backup.stat().st_mode & 0o077 == 0


def test_an_n8n_with_nothing_in_it_can_be_backed_up(platform):
    assert platform.back_up()[0] == 0
    assert platform.test()[0] == 0


@pytest.mark.parametrize("status", ["0", "1"])
def test_a_backup_that_failed_is_none_and_deletes_none(platform, status):
    platform.has("workflow/a", "credentials/c")
    old = platform.folder / "backup" / "2020-01-01T00-00-00Z"
    old.mkdir()

    ended, said = platform.back_up(FAIL="export:credentials", STATUS=status)

    assert ended == 1
    assert "There was an error" in said
    assert [each.name for each in platform.backups if each.name[0].isdigit()] == [old.name]
    # What it left does not disturb the next one.
    assert platform.back_up()[0] == 0
    assert len(platform.backups) == 1


def test_backups_are_deleted_when_they_are_old_and_not_before(platform):
    platform.has("workflow/a")
    for days in (31, 29):
        moment = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime(time.time() - days * 86400))
        (platform.folder / "backup" / moment).mkdir()
    (platform.folder / "backup" / "lost+found").mkdir()

    platform.back_up()

    assert len(platform.backups) == 3
    assert platform.backups[0].name == moment


def test_a_backup_that_restores_passes(platform):
    platform.has("workflow/a", "workflow/b", "credentials/c")
    platform.back_up()

    ended, said = platform.test()

    assert ended == 0, said
    assert "workflow: 2 restored\n" in said
    assert "can be restored" in said


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"KEY": "another-key"}, "they do not open with this encryption key"),
        ({"FAIL": "import:workflow"}, "There was an error"),
        ({"FAIL": "import:workflow", "STATUS": "0"}, "No workflows found"),
    ],
)
def test_a_backup_that_does_not_restore_fails(platform, environment, said):
    platform.has("workflow/a", "credentials/c")
    platform.back_up()

    ended, output = platform.test(**environment)

    assert ended != 0
    assert said in output
    assert "right-key" not in output


def test_the_newest_backup_is_tried_and_without_one_the_test_fails(platform):
    assert platform.test() == (1, "there is no backup\n")
    older = platform.folder / "backup" / "2020-01-01T00-00-00Z" / "workflow"
    older.mkdir(parents=True)
    (older / "broken.json").write_text("")
    platform.has("workflow/a")
    platform.back_up()

    assert platform.test()[0] == 0
    assert not (platform.folder / "empty/workflow/broken.json").exists()
