"""Envoy Gateway, which makes the platform's Gateway real, in a namespace of its own.

`controller` is the program that watches Gateways, from its chart; `data_plane` is what the Envoys
that it makes for each of them are like, and the load balancer in front of these.
"""
