"""A backup is copied to S3 by a real AWS CLI, with the rights that the platform gives it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.jobs import backup_copy, job
from local.toolchain import debian
from tests.jobs.s3 import CREDENTIALS, Bucket, serving
from tests.unit.aws.region import ACCOUNT, HOME, primary, recorded

_SCRIPT = Path(job.__file__).parent / "scripts" / backup_copy.SCRIPT
_OLD, _NEW = "2026-11-28T00-40-00Z", "2026-11-29T00-40-00Z"

_LARGE = 9 * 2**20
"""More than the AWS CLI puts in one piece, which is 8 MiB."""

_NOT_ASKED = ("x-amz-server-side-encryption", "x-amz-acl", "x-amz-storage-class")
"""What the bucket decides: its key, who reads, and the price."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The volume of backups, the bucket, and the AWS CLI on PATH.

    Attributes:
        folder: where both are.
        bucket: the bucket.
        environment: with which the CLI is found.
    """

    folder: Path
    bucket: Bucket
    environment: dict[str, str]

    def has(self, moment: str, **files: str) -> None:
        """A backup of workflows with these names and contents."""
        for kind in ("workflow", "credentials"):
            (self.folder / "backup" / moment / kind).mkdir(parents=True)
        for name, text in files.items():
            (self.folder / "backup" / moment / "workflow" / f"{name}.json").write_text(text)

    def copy(self) -> tuple[int, str]:
        done = subprocess.run(
            ("sh", _SCRIPT, self.folder / "backup", f"s3://{self.bucket.name}/n8n-backup"),
            env={
                **self.environment,
                **CREDENTIALS,
                "HOME": str(self.folder / "home"),
                "AWS_REGION": HOME,
                # Of the first generation of the CLI.
                "AWS_DEFAULT_REGION": HOME,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_MAX_ATTEMPTS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def fetched(self, moment: str) -> Path:
        """What somebody gets who fetches a backup from the bucket."""
        folder = self.folder / "fetched"
        start = f"{self.bucket.name}/n8n-backup/{moment}/"
        for key, content in self.bucket.objects.items():
            if key.startswith(start):
                file = folder / key.removeprefix(start)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        return folder


@pytest.fixture(scope="module")
def cli() -> tuple[Path, dict[str, str]]:
    """The AWS CLI of this machine, or Debian's, and what it is found with."""
    found = shutil.which("aws")
    if found:
        return Path(found), {"PATH": os.environ["PATH"]}
    packages = debian.fetch("awscli", report=lambda _: None)
    modules = packages.root / "usr/lib/python3/dist-packages"
    return packages.program("aws"), {**packages.environment(), "PYTHONPATH": str(modules)}


@pytest.fixture
def platform(tmp_path: Path, cli: tuple[Path, dict[str, str]]) -> Iterator[Platform]:
    program, environment = cli
    for name in ("backup", "home", "bin"):
        (tmp_path / name).mkdir()
    policy = recorded(primary()).named("iam/rolePolicy:RolePolicy", "backup-writer")["policy"]
    bucket = Bucket(
        name=f"n8n-exports-{ACCOUNT}-{HOME}", region=HOME, account=ACCOUNT, policy=policy
    )
    with serving(bucket):
        wrapper = tmp_path / "bin/aws"
        wrapper.write_text(f'#!/bin/sh\nexec "{program}" --endpoint-url {bucket.endpoint} "$@"\n')
        wrapper.chmod(0o755)
        path = f"{wrapper.parent}{os.pathsep}{environment['PATH']}"
        yield Platform(folder=tmp_path, bucket=bucket, environment={**environment, "PATH": path})


def is_whole(backup: Path) -> bool:
    """What docs/runbooks/restore-workflows.md has the reader check."""
    done = subprocess.run(
        ("sha256sum", "--check", "--quiet", "SHA256SUMS"), cwd=backup, capture_output=True
    )
    return done.returncode == 0


def test_the_newest_backup_is_in_the_bucket_and_can_be_checked(platform: Platform) -> None:
    platform.has(_OLD, old="{}")
    platform.has(_NEW, a='{"name": "a"}', b="b" * _LARGE)
    platform.has("partial", c="{}")

    ended, said = platform.copy()

    assert ended == 0, said
    assert said.endswith(f"{_NEW}: 2 files copied to s3://{platform.bucket.name}/n8n-backup\n")
    backup = platform.fetched(_NEW)
    assert (backup / "workflow/a.json").read_text() == '{"name": "a"}'
    assert (backup / "workflow/b.json").stat().st_size == _LARGE
    assert is_whole(backup)
    assert len(platform.bucket.objects) == 3
    assert not [each for each in platform.bucket.headers if each.startswith(_NOT_ASKED)]


def test_what_another_region_does_not_have_yet_is_noticed(platform: Platform) -> None:
    platform.has(_NEW, a="{}", b="{}")
    assert platform.copy()[0] == 0
    del platform.bucket.objects[f"{platform.bucket.name}/n8n-backup/{_NEW}/workflow/b.json"]
    assert not is_whole(platform.fetched(_NEW))


def test_an_n8n_with_nothing_in_it_has_a_copy_too(platform: Platform) -> None:
    platform.has(_NEW)
    ended, said = platform.copy()
    assert ended == 0, said
    key = f"{platform.bucket.name}/n8n-backup/{_NEW}/SHA256SUMS"
    assert platform.bucket.objects == {key: b""}


def test_without_a_backup_it_fails(platform: Platform) -> None:
    platform.has("partial", a="{}")
    assert platform.copy() == (1, "there is no backup\n")
    assert not platform.bucket.objects


def test_a_copy_that_lacks_a_file_fails_and_has_no_list(platform: Platform) -> None:
    platform.has(_NEW, a="{}", b="{}")
    platform.bucket.refuses = ("b.json",)
    ended, said = platform.copy()
    assert ended not in (0, job.LEFT_FOR_A_PERSON), said
    assert "AccessDenied" in said
    assert not [each for each in platform.bucket.objects if each.endswith("SHA256SUMS")]


def test_a_bucket_of_that_name_in_another_account_gets_nothing(platform: Platform) -> None:
    platform.has(_NEW, a="{}")
    platform.bucket.account = "999999999999"
    assert platform.copy()[0] != 0
    assert not platform.bucket.objects
