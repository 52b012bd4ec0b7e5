"""Metrics: what happens in one process, in figures for Prometheus.

table      every metric there is, declared once: name, kind, labels, what it says
metrics    counts what happens, and reads the rest from whoever knows it when somebody looks
telling    the same as told to another worker, and what several told put together
exposition the text that is answered
"""
