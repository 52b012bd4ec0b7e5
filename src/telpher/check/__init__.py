"""`telpher check`: whether everything telpher needs is there, one line each, with what to do.

    settings ─ doctor ─┬─ folder    WORK_DIR: writable, room, kept by the platform
                       ├─ machine   memory, decryption
                       ├─ database  answers, is sound, has its indexes; where logins are kept
                       ├─ counts    Redis, where it is set
                       ├─ bots      logins, the clock beside Telegram's, channels and rights
                       └─ address   whether URL leads here

It is another instance, beside the one at work: with a folder of its own (WORK_DIR/check), hence a
name of its own in `telegram/custody`, whose rules keep the two from using one key. It hears no
updates, opens the database without changing its form, and takes PORT only while nobody has it.

All examinations run, whatever the others find; each has its time, and says what it could not find
out instead of guessing. The status for scripts is in `report`.
"""
