"""Benchmarks: telpher beside the usual sequential servers, in front of one Telegram (README.md)."""
