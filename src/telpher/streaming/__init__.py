"""The streaming engine: `engine.Engine` is its only entry."""
