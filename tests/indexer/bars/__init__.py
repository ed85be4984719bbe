"""The bars of segments."""
