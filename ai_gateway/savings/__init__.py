"""What routing saves: documented mixes of calls, replayed through the real gateway and router.

The models are stand-ins that answer at once with the tokens they are asked for. Routing and
metering are real, prices are those of `prices.yaml`. Every model is taken to need the same tokens
for the same work, and quality is not measured.
"""
