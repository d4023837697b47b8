"""What the keeper does about states that real nodes are in for moments only.

Redis itself is played here: its answers are fixed, and what it is told is written down.
"""

import os
import subprocess
from pathlib import Path

from components.redis import configuration
from tests.redis.machines import SHARDS
from tests.waiting import eventually

SCRIPTS = Path(configuration.__file__).with_name("scripts")
MASTER, REPLICA = SHARDS[0].master, SHARDS[0].replica
DOMAIN = "redis.test"
OLD, NOW, OWN = "10.0.0.1", "10.0.0.2", "10.0.0.3"

# Which question it is, redis-cli gets on its command line.
PLAYED = f"""\
#!/bin/sh
case "$*" in
    *"CLUSTER NODES"*)
        echo "m {NOW}:6379@16379,{MASTER}.{DOMAIN} master - 0 1 1 connected 0-16383"
        echo "r {OWN}:6379@16379,{REPLICA}.{DOMAIN} myself,slave m 0 1 1 connected" ;;
    *"INFO replication"*)
        echo "master_host:$COPIED_FROM"
        echo "master_link_status:$LINK" ;;
    *REPLICATE*) echo "${{*##*CLUSTER }}" >>"$TOLD"; echo OK ;;
esac
"""


def told(folder: Path, *, copied_from: str, link: str, looks: int = 3) -> list[str]:
    """What the replica's keeper tells its node within some looks at it."""
    redis_cli = folder / "redis-cli"
    redis_cli.write_text(PLAYED)
    redis_cli.chmod(0o755)
    for script in ("lib.sh", "users.sh"):
        (folder / script).write_bytes((SCRIPTS / script).read_bytes())
    (folder / "cluster-password").write_text("played")
    (folder / "topology").write_text(f"0 16383 {MASTER} {REPLICA}\n")
    counted = folder / "sleep"
    counted.write_text(f'#!/bin/sh\necho look >>"{folder}/looks"\n')
    counted.chmod(0o755)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "POD_NAME": REPLICA,
        "POD_IP": OWN,
        "REDIS_CONFIGURATION": str(folder),
        "REDIS_PASSWORDS": str(folder),
        "REDIS_RUN": str(folder),
        "REDIS_DOMAIN": DOMAIN,
        "REDIS_PORT": "6379",
        "REDIS_CA": "",
        "COPIED_FROM": copied_from,
        "LINK": link,
        "TOLD": str(folder / "told"),
    }
    with subprocess.Popen(["sh", SCRIPTS / "keeper.sh"], env=environment) as keeper:
        eventually(
            lambda: (
                (folder / "looks").is_file()
                and (folder / "looks").read_text().count("look") >= looks
            ),
            "the keeper has looked at its node",
        )
        keeper.terminate()
    return (folder / "told").read_text().splitlines() if (folder / "told").is_file() else []


def test_a_replica_that_copies_from_where_its_master_was_is_told_again(tmp_path: Path) -> None:
    assert set(told(tmp_path, copied_from=OLD, link="down")) == {"REPLICATE m"}


def test_a_replica_whose_master_is_only_slow_is_left_alone(tmp_path: Path) -> None:
    assert not told(tmp_path, copied_from=NOW, link="down")


def test_a_replica_that_copies_is_left_alone(tmp_path: Path) -> None:
    assert not told(tmp_path, copied_from=OLD, link="up")
