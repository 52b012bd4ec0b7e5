"""The disk tier: file bytes in a folder, so that a restart or a second evening is no second fetch.

One file per page of 1 MiB, one checksum per granule, no index on disk:

    page     which bytes a page file holds and how it looks; pure
    index    which pages there are and which go first; pure, in memory, rebuilt from the folder
    files    the operating system's part, behind a Protocol
    store    page files in a folder: blocking calls, each page right or not there
    workers  threads for those calls, with a bounded queue
    tier     the asynchronous edge, and all that the rest of the house sees

Why not one sparse file and a bitmap per document: there evicting means punching holes, which needs
a system call Python does not have and a file system that knows it, and the bitmap is a second
truth that a crash can part from the first. Here evicting is unlink, the folder itself is the index,
and a file that is damaged costs one page. The price is inodes: one for each 128 KiB to 1 MiB of
budget, where ext4 sets one aside for each 16 KiB of the disk.
"""
