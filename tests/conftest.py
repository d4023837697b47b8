"""Settings of all tests."""

import gc
import signal

import hypothesis
import pytest

# Neither a deadline nor a limit on the making of examples, because how long they take depends on
# what else the machine is doing; always the same, so that a failure is a failure for everybody.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=True,
)
hypothesis.settings.load_profile("tests")

# Who ends the tests with SIGTERM, a CI that ran out of time for instance, gets what Ctrl-C gets:
# the servers that the tests started are stopped.
signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Keep the garbage collector off the SDKs' objects, on which it spends a quarter of all time:
    it runs between files."""
    gc.collect()
    gc.freeze()
    gc.disable()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Collect what the tests of a file have left."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()
