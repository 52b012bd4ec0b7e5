"""The conversations: commands, files, buttons."""
