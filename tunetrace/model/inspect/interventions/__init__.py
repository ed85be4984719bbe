"""Changing what units do while a network writes or reads, and measuring what that changes."""
