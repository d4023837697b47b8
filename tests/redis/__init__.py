"""The very scripts of the Redis pods, run against real Redis processes on this machine."""
