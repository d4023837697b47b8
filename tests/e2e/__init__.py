"""The platform under test as `make up` made it: real nodes, real n8n, real failures."""
