"""Use cases that bot and web share."""
