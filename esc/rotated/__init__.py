"""When each key of the ESC environments was set or last replaced, as esc/rotated.yaml says.

ESC dates revisions of an environment, not its keys. `record` reads the file, `writing` adds to it;
which keys of a stack are due by it is in `settings.rotations`.
"""
