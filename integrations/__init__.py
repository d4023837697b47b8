"""The outside services that workflows and the platform may call, and which of them a stack has.

Pure and light: no Pulumi, no network, no values of keys; `settings` imports it.
"""
