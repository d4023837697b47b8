"""What is deployed: one component a module."""
