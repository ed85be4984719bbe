"""Training a model on the tunes of an index, and holding it against them."""
