"""telpher at work without an account: tgfake, sample files, bot and server in one process.

    samples ─ files ─> a person in tgfake ─ sends them ─> the bot ─ answers with links ─> shown
    browser <─ chat ─> two people in tgfake, whom the visitor acts as

    stage     lets telpher run in the scene, has somebody send every sample, opens the chat page
    scene     who and what there is: people, chats, channels
    chat      the page on which the visitor talks to the bot, with a server of its own
    samples   the list of sample files, made once and kept
    studio    records films and song with PyAV, in a process of its own
    pattern   the pictures and the sound themselves
    titles    what the recordings are called
    shown     what the demo prints and writes

The only room that imports tgfake: everything else meets it as it would meet Telegram.
"""
