"""Every tool that the embedded environment runs, in its pinned version."""
