"""Metrics: what happens in one process, in figures for Prometheus.

table      every metric there is, declared once: name, kind, labels, what it says
metrics    counts what happens, and reads the rest from whoever knows it when somebody looks
exposition the text that is answered
"""
