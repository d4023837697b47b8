"""The one error that users of the embedded environment meet."""


class LocalError(Exception):
    """What went wrong and what to do about it, in one sentence without a traceback."""
