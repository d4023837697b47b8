"""Jobs that run by the clock: answers to data subjects, and n8n's own backup."""
