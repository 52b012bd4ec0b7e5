"""What an operator sees: logs, metrics, analytics, diagnosis."""
