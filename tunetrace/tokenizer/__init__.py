"""ABC text to folk-rnn tokens and back, with bars, parts and durations."""
