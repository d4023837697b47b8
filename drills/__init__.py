"""Drills: what the platform promises for bad days, broken on purpose and measured."""
