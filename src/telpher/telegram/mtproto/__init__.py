"""MTProto 2.0 for file traffic: everything between a socket and a chunk's bytes.

The client library's way of a packet costs several copies and an object per chunk, on the event
loop. This one receives a packet once, decrypts it in place and hands out views of it. It knows
nothing of that library.

    kit            what connections are given and share
    connection     sockets and timers
    handshake      a connection with a new key
    exchange       how a key is agreed on: no I/O
    conversation   requests, answers, acknowledgements, what is said about messages: no I/O
    session        message ids, sequence numbers, the checks of what comes in: no I/O
    unpack         containers and compressed messages: no I/O
    decryption     in order, large packets in threads
    framing        packets cut out of the stream, straight into frames: no I/O
    frames         memory for packets, reused when nobody holds it any more
    files          upload.getFile and its answer
    schema         constructors and the few serialised forms needed here

Source: core.telegram.org/mtproto and the pages below it.
"""
