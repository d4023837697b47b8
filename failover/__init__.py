"""Takes a standby region into work, and makes what worked before a standby: `make failover`.

`pair` says which two environments these are, `checks` what keeps it from beginning, `plan` which
steps it has. `run` takes them with the calls of `programs` and `aws`, and notes each in a
`record`, from which the next run goes on. Why two regions never work at once:
components/aws/fence.py.
"""
