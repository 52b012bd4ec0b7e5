"""The chat page: a visitor's browser is a client of the demo's Telegram.

    browser ── a stream of events ──< feed ──── looks at ─────> the world (tgfake)
            ── requests ────────────> deeds ─── acts in ──────> the world
            ── a file's bytes ──────> uploads ─ one on disk, sent as a real file
            <─ pictures ──────────── site

    guard      who may speak to it: pages of its own, under a name of this machine
    site       its routes, and the server, which listens on loopback only
    facts      a message as the page draws it
    cast       whom the visitor can be, and what these see
    static     the page's script (modules, no build step) and styles

telpher knows nothing of it: it runs beside, on a port of its own, in the demo's process alone.
"""
