"""Programs for tests of the policy packs: a sound one, and what is wrong in its twin."""
