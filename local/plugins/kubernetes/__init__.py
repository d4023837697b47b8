"""A stand-in for pulumi-kubernetes: server-side apply, previews, readiness, as the official one."""
