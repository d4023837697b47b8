"""The lease of two regions: which of them works. Runs in Lambda, with nothing beside it.

`renew` is called by a region's database, `take` by whoever fails over, each in its own region. The
lease is one item of a table that both regions and a witness agree on: `holder`, the region that has
it, and `opens`, the time before which the holder may not use it yet.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

LEASE = "lease"
"""Key of the item."""

_ATTEMPTS = 5
_PAUSE_SECONDS = 0.2
"""Between attempts to take the lease while the other region renews it, every 20 s."""

_CONFLICT = "ReplicatedWriteConflictException"
"""What DynamoDB answers to a write of an item that another region writes at the same time; to be
tried again, which boto3 leaves to whoever calls it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html"""


class NotHeldError(Exception):
    """The lease is the other region's, or not to be used yet."""


def renewal(region: str, *, now: float) -> dict[str, Any]:
    """The write that succeeds only while a region has the lease and may use it."""
    return {
        "Key": {"id": {"S": LEASE}},
        "UpdateExpression": "SET renewed = :now",
        "ConditionExpression": "holder = :region AND opens <= :now",
        "ExpressionAttributeValues": {":region": {"S": region}, ":now": {"N": f"{now:.3f}"}},
    }


def taking(region: str, *, now: float, wait: float) -> dict[str, Any]:
    """The write that gives a region the lease, to be used when the other's has run out.

    Args:
        region: who takes it.
        now: the time.
        wait: seconds after which nobody works with the lease that the other region had.
    """
    return {
        "Key": {"id": {"S": LEASE}},
        "UpdateExpression": "SET holder = :region, opens = :opens",
        # Taken twice, it is not put off again: a failover that was interrupted goes on.
        "ConditionExpression": "attribute_exists(holder) AND holder <> :region",
        "ExpressionAttributeValues": {
            ":region": {"S": region},
            ":opens": {"N": f"{now + wait:.3f}"},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def renew(_: object, __: object) -> Mapping[str, Any]:
    """Renew the lease of this region.

    Raises:
        NotHeldError: if it has none. Anything else that is raised means as little as that.
    """
    write, refused = _table()
    try:
        write(**renewal(os.environ["AWS_REGION"], now=time.time()))
    except refused:
        raise NotHeldError from None
    return {"held": True}


def take(_: object, __: object) -> Mapping[str, Any]:
    """Take the lease for this region; `opens` says from when on its database works, in seconds
    since 1970.

    Raises:
        NotHeldError: if there is no lease to take.
    """
    wait = float(os.environ["WAIT_SECONDS"])
    write, refused = _table()
    for attempt in range(1, _ATTEMPTS + 1):
        # Anew for each attempt: the other region renews until this write has come.
        now = time.time()
        try:
            write(**taking(os.environ["AWS_REGION"], now=now, wait=wait))
        except refused as error:
            item = error.response.get("Item")
            if not item:
                raise NotHeldError from None
            return {"opens": float(item["opens"]["N"])}
        except Exception as error:
            if attempt == _ATTEMPTS or _code(error) != _CONFLICT:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return {"opens": now + wait}
    raise AssertionError("the last attempt neither returned nor raised")


def _code(error: Exception) -> str | None:
    """What AWS calls an error; None of others. By name: old releases of boto3 have no class."""
    return getattr(error, "response", {}).get("Error", {}).get("Code")


def _table() -> tuple[Callable[..., Any], Any]:
    """How to write to the table of this region, and what a refused condition raises."""
    import boto3  # pyright: ignore[reportMissingImports] -- Lambda brings it
    from botocore.config import Config  # pyright: ignore[reportMissingImports]

    client = boto3.client("dynamodb", config=Config(connect_timeout=1, read_timeout=3))
    table = os.environ["TABLE"]

    def write(**request: Any) -> Any:
        return client.update_item(TableName=table, **request)

    return write, client.exceptions.ConditionalCheckFailedException
