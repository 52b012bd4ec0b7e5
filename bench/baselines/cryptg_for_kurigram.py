"""kurigram's optional accelerator, TgCrypto, by way of cryptg: the same, twice as fast."""

from cryptg import decrypt_ige as ige256_decrypt
from cryptg import encrypt_ige as ige256_encrypt

__all__ = ["ige256_decrypt", "ige256_encrypt"]
