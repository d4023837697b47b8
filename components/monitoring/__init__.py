"""Monitoring: Prometheus with its operator, what it scrapes, whom Alertmanager tells."""
