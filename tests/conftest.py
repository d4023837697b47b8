"""Settings of all tests."""

import hypothesis

# No deadline, because how long an example takes depends on what else the machine is doing; always
# the same examples, so that a failure is a failure for everybody.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)
hypothesis.settings.load_profile("tests")
