"""/api: what the admin panel can do, for programs with a token.

deps      what it is given
guard     the token, what it may do, and what a body may be
models    what goes in and out
paging    where a list goes on
routes    the operations
"""
