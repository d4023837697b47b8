"""How conditions read resources: places in properties, and what Kubernetes, AWS and n8n mean."""
