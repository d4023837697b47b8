"""Tests of the stand-in plugins, without the engine."""
