"""Rate limits: how often a client may ask (rules 17 and 18).

counters   what this process has counted, within bounded memory
shared     the same in Redis, for several instances; counts here while Redis is away
siblings   the same of several workers without a Redis
rates      the three limits, and the error of one that is reached
turns      which of them a request for a file's bytes goes by
gate       which of them any other request goes by
"""
