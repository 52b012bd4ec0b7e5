"""What OpenAPI says of the routes.

failures      the statuses that are errors, each with what it looks like
operations    the routes that are the framework's underneath: one table, written by hand
document      the whole, with what FastAPI knows of /api
"""
