"""telpher: any file a Telegram bot can see, as an HTTP link that plays at once.

See ARCHITECTURE.md for the rooms of the house and the way of a byte through them.
"""

from telpher._version import VERSION as __version__

__all__ = ["__version__"]
