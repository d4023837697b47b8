"""What goes wrong with a rotation."""


class RotationError(Exception):
    """Why a rotation cannot begin or go on, and what to do; never with a value."""
