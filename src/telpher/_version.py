"""The version, in one place: the package, the API and the change log agree with it."""

VERSION = "0.1.0"
