"""The addresses that programs ask: parameters, answers and their description."""
