"""Replaces a key of a Pulumi ESC environment; no consumer is without a valid one meanwhile.

`keys` says what may be replaced and how, `plan` in which steps. `run` takes them: with what
`cluster` finds, what `redis` reports, and the calls of `programs`.
"""
