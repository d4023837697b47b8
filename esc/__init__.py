"""The definitions of the Pulumi ESC environments that stacks use, and what is done with them."""
