"""The embedded environment: toolchain, control plane, nodes and stand-in plugins of one machine."""
