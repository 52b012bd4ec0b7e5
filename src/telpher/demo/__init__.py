"""telpher at work without an account: tgfake, sample files, bot and server in one process.

    samples ─ files ─> a person in tgfake ─ sends them ─> the bot ─ answers with links ─> shown

    stage     builds the world, lets telpher run in it, has the person send every sample
    samples   the list of sample files, made once and kept
    studio    records films and song with PyAV, in a process of its own
    pattern   the pictures and the sound themselves
    titles    what the recordings are called
    shown     what the demo prints and writes

The only room that imports tgfake: everything else meets it as it would meet Telegram.
"""
