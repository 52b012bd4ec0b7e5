"""Builds the C extension; all else about the distribution stands in pyproject.toml.

`optional`: without a compiler, or with one that cannot compile it, the install still passes and
telpher decrypts with cryptg instead (src/telpher/telegram/crypto).
"""

from __future__ import annotations

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "telpher.telegram.crypto._fast",
            sources=["src/telpher/telegram/crypto/_fast.c"],
            # CFLAGS from outside replace Python's own: unoptimised it is 12 times slower.
            extra_compile_args=["-O2"],
            optional=True,
        )
    ]
)
