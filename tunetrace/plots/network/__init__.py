"""Pictures of what goes on in a network while it writes or reads a tune."""
