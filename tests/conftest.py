"""Settings of all tests."""

import signal

import hypothesis

# No deadline, because how long an example takes depends on what else the machine is doing; always
# the same examples, so that a failure is a failure for everybody.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)
hypothesis.settings.load_profile("tests")

# Who ends the tests with SIGTERM, a CI that ran out of time for instance, gets what Ctrl-C gets:
# the servers that the tests started are stopped.
signal.signal(signal.SIGTERM, signal.default_int_handler)
