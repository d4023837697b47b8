"""What the Python language host owes its users, through the engine: programs and policy packs."""

from pathlib import Path

from local.environment import REPOSITORY
from tests.engine.stacks import Stack, failure

_PROGRAM = """\
import pulumi
import pulumi_random as random

random.RandomPassword("password", length={length})
"""

_PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def long_enough(args, report_violation):
    if args.resource_type.startswith("random:") and args.props["length"] < 16:
        report_violation("a password needs 16 characters")


PolicyPack(
    "passwords",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(name="length", description="Long passwords.", validate=long_enough)
    ],
)
"""


def policy_pack(folder: Path) -> Path:
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(
        "runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
        "version: 1.0.0\ndescription: Passwords are long.\n"
    )
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / "__main__.py").write_text(_PACK)
    return folder


def test_a_mandatory_policy_stops_the_preview_and_lets_pass_what_obeys(
    small_program: Stack, tmp_path: Path
) -> None:
    pack = str(policy_pack(tmp_path / "pack"))
    small_program.write_program(_PROGRAM.format(length=8))
    text = failure(lambda: small_program.preview(policy_packs=[pack]))
    assert "a password needs 16 characters" in text
    small_program.write_program(_PROGRAM.format(length=16))
    small_program.preview(policy_packs=[pack])


def test_an_exception_in_a_program_fails_the_update_with_its_traceback(
    small_program: Stack,
) -> None:
    small_program.write_program("import pulumi\n\nraise ValueError('the program is wrong')\n")
    text = failure(small_program.up)
    assert "ValueError: the program is wrong" in text
    assert "__main__.py" in text
