"""The statements of the post on what a network computes, as numbers, for any tune and any model."""
