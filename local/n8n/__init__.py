"""What happens with n8n after it is deployed: its owner, a sample workflow, where things are."""
