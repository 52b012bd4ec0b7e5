"""nginx in front, with its cache of slices (deploy/nginx-edge.conf): telpher decides, nginx sends.

    a request for a file ─▶ nginx ─▶ /edge/auth      may it be? 204, with what nginx needs
                              │         └─ 403       ─▶ the request, uncached: the true answer
                              ├─ slices of the file  from the cache; missing ones from telpher, once
                              └─ when it is over     the ticket and the bytes, by syslog ─▶ the log

Every request is decided upon here: signature, revocation, rate, limits, quota (rules 3 to 7, 17).
What can be said of bytes alone nginx says by itself, which is one range or the whole file; all else
(conditions, several ranges, HEAD, small files) is 403 here and answered by telpher as ever.

Viewers of one file share slices whatever their links are, for the key is the file's own tag. Slices
are fetched under the link of whoever needed them first, but count as nobody's play: what a viewer
got stands in the log. A ticket is a random number that one answer carries and one line of the log
brings back; nobody can count bytes to a link without it.

All of it is for trusted proxies alone (TRUSTED_PROXIES), and only where EDGE_LOG is set.
"""
