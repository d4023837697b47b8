"""The router: what workflows call, in front of Portkey's gateway.

A call names a use case, and nothing else of who serves it; the router adds the use case's routing
and the providers' keys, limits, and counts what it cost.
"""
