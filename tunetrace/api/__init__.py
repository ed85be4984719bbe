"""The functions of the public API, in modules that import no more than they need."""
