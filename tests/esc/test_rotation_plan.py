"""The steps and their order, before anything happens."""

import pytest

import settings
from esc.rotation import keys
from esc.rotation.cluster import Consumer, ExternalSecret, Found
from esc.rotation.plan import Action, Copy, Enter, Generate, Roll, Settle, Step, Sync, plan
from tests.esc.test_rotation_keys import VALUES

NAME = "acme/n8n-platform/sophia-ai-production"


def consumer(name: str, *, environment: bool = True, rereads: bool = False) -> Consumer:
    return Consumer(
        kind="deployment",
        name=name,
        environment=environment,
        rereads=rereads,
        selector={},
        grace_seconds=30,
    )


FOUND = Found(
    external_secrets=(ExternalSecret(name="copy", secret="made", keys=None, copied_once=False),),
    consumers=(
        consumer("worker"),
        consumer("reader", environment=False),
        consumer("router", environment=False, rereads=True),
    ),
)


def steps(*names: str, found: Found | None = FOUND, word: str = "settled") -> list[Step]:
    return plan(keys.find(settings.parse(VALUES), names), environment=NAME, found=found, word=word)


def actions(planned: list[Step]) -> list[Action]:
    return [action for step in planned for action in step.actions]


def text(planned: list[Step]) -> str:
    return "\n".join(line for step in planned for line in (step.title, *step.details))


def test_the_old_key_of_a_vendor_is_deleted_after_everything_else() -> None:
    planned = steps("OPENAI_API_KEY")

    assert actions(planned) == [
        Enter(keys=("OPENAI_API_KEY",)),
        Sync(keys=("OPENAI_API_KEY",)),
        Roll(keys=("OPENAI_API_KEY",), files=True),
    ]
    assert "make a new key" in planned[0].title
    assert not planned[0].actions
    assert "delete the old key" in planned[-1].title
    assert not planned[-1].actions


def test_the_vendors_page_and_the_catalogues_note_are_shown() -> None:
    service = settings.parse(VALUES).integrations.selection.catalogue.by_id["openai"]
    assert service.rotation

    assert service.docs in text(steps("OPENAI_API_KEY"))
    assert service.rotation.note in text(steps("OPENAI_API_KEY"))


def test_a_forgotten_part_of_a_key_is_asked_for() -> None:
    assert "Does GONG_ACCESS_KEY_SECRET change" in text(steps("GONG_ACCESS_KEY"))
    assert "change with it" not in text(steps("GONG_ACCESS_KEY", "GONG_ACCESS_KEY_SECRET"))


def test_what_was_found_in_the_cluster_is_shown() -> None:
    said = text(steps("OPENAI_API_KEY"))

    assert "externalsecret/copy" in said
    assert "deployment/worker, deployment/reader" in said
    assert "Nothing for deployment/router" in said


def test_without_a_cluster_it_is_said_what_will_be_looked_up() -> None:
    assert "The consumers of OPENAI_API_KEY, looked up" in text(steps("OPENAI_API_KEY", found=None))


def test_a_token_of_two_containers_of_a_pod_is_generated_and_both_restarted() -> None:
    name = "N8N_RUNNERS_AUTH_TOKEN"

    assert actions(steps(name)) == [
        Generate(key=name),
        Sync(keys=(name,)),
        Roll(keys=(name,), files=True),
    ]


def test_redis_accepts_both_passwords_before_anybody_uses_the_new_one() -> None:
    assert actions(steps("REDIS_PASSWORD")) == [
        Copy(source="REDIS_PASSWORD", key="REDIS_PREVIOUS_PASSWORD"),
        Generate(key="REDIS_NEXT_PASSWORD"),
        Sync(keys=("REDIS_NEXT_PASSWORD",)),
        Settle(user="n8n", word="next"),
        Copy(source="REDIS_NEXT_PASSWORD", key="REDIS_PASSWORD"),
        Sync(keys=("REDIS_PASSWORD",)),
        Settle(user="n8n", word="switched"),
        Roll(keys=("REDIS_PASSWORD",), files=False),
        Copy(source="REDIS_PASSWORD", key="REDIS_PREVIOUS_PASSWORD"),
        Sync(keys=("REDIS_PREVIOUS_PASSWORD",)),
        Settle(user="n8n", word="settled"),
    ]


def test_redis_itself_is_never_restarted() -> None:
    planned = actions(steps("REDIS_CLUSTER_PASSWORD"))

    assert not [each for each in planned if isinstance(each, Roll)]
    assert Settle(user="cluster", word="settled") in planned


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("unordered", Copy(source="REDIS_PASSWORD", key="REDIS_PREVIOUS_PASSWORD")),
        ("next", Copy(source="REDIS_NEXT_PASSWORD", key="REDIS_PASSWORD")),
        ("switched", Roll(keys=("REDIS_PASSWORD",), files=False)),
    ],
)
def test_a_password_that_is_half_replaced_goes_on_and_is_not_made_anew(
    word: str, first: Action
) -> None:
    planned = actions(steps("REDIS_PASSWORD", word=word))

    assert planned[0] == first
    assert not [each for each in planned if isinstance(each, Generate)]
