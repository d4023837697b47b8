"""n8n in queue mode: one main, webhook pods that take requests, workers that execute."""
