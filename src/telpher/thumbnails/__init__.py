"""Small pictures of files: Telegram's own, or else a frame that is taken out of the video.

gallery   which of the two, one at a time for each file, and how long it is kept
shelf     what is kept
frames    the server's side of taking a frame: who may, how much it may read, and for how long
wire      what the two sides say to each other
helper    the process that takes one frame and ends: it has nothing but a socket to the server
camera    which frame, and how it becomes a JPEG (FFmpeg, by PyAV: telpher[media])

Files come from strangers, and decoders of a hundred formats have faults. So nothing of a file is
decoded in the server: a process without files, network, secrets or children does it, one for each
frame, with little memory and time, and its answer is believed to be bytes and nothing more.
"""
