"""The AI gateway: what stands between workflows and the providers of language models.

`routing` and `prices` are read by the Pulumi program, `router` runs beside Portkey's gateway in
each worker pod; what passes between the two is a `document`.
"""
