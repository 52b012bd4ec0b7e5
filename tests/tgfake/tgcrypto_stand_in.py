"""kurigram's optional accelerator, TgCrypto, by way of cryptg.

Without it kurigram falls back to AES in pure Python, seven seconds for a MiB. It looks for a module
of that name and uses these two functions for messages.
"""

from cryptg import decrypt_ige as ige256_decrypt
from cryptg import encrypt_ige as ige256_encrypt

__all__ = ["ige256_decrypt", "ige256_encrypt"]
