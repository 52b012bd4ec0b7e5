"""What outlives the process: repository Protocols and their backends."""
