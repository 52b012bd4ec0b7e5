"""A Telegram on loopback: real MTProto 2.0, five data centres, a world of users, chats and files.

For demonstrations, tests and benchmarks. It knows nothing of telpher.
"""
