"""The model whose tunes are traced: network, weights, sampling, training."""
