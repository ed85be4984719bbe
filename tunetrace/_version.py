"""The version, in a module of its own so that no room imports the whole package to know it."""

__version__ = "0.1.0"
