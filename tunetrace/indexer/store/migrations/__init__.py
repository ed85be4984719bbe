"""The migrations of an index, one module each, by the schema version that it leads to.

A module is never changed once its version is published. It has its own copies of the tables that it
needs, so that it does not depend on those of later versions. `store/upgrade.py` runs the modules,
and docs/architecture.md says how to add one.
"""
