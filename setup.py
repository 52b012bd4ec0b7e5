"""Builds the C extensions; all else about the distribution stands in pyproject.toml.

`optional`: without a compiler, or with one that cannot compile them, the install still passes.
telpher then decrypts with cryptg (src/telpher/telegram/crypto) and takes new memory for each packet
(src/telpher/telegram/mtproto/frames.py).
"""

from __future__ import annotations

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "telpher.telegram.crypto._fast",
            sources=["src/telpher/telegram/crypto/_fast.c"],
            depends=["src/telpher/telegram/crypto/_ige_sha256.h"],
            # CFLAGS from outside replace Python's own: unoptimised it is 12 times slower.
            extra_compile_args=["-O2"],
            optional=True,
        ),
        Extension(
            "telpher.telegram.mtproto._frames",
            sources=["src/telpher/telegram/mtproto/_frames.c"],
            extra_compile_args=["-O2"],
            optional=True,
        ),
    ]
)
