"""The HTTP service: what programs ask, and a page for musicians."""
