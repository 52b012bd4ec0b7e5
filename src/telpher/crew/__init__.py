"""Several processes on one machine, and what holds them together.

With WORKERS above 1 there is a crew: a supervisor without work of its own, and workers that share
the port, the database and WORK_DIR. Each is an instance by itself, with a folder of its own for
what belongs to one process: its counters on their way, its sessions, its disk cache.

    place       which of them this one is, and what it has inherited
    board       what each writes down of itself all the time, for the others to read at any time
    telephone   what they ask each other now and then

The sockets of all of them, and the board, are in one folder of the supervisor's, the meeting, that
nobody else may enter.
"""
