"""MongoDB, for several instances or a disk that is not kept: a standalone server is enough."""

from telpher.storage.mongo.database import MongoDatabase

__all__ = ["MongoDatabase"]
