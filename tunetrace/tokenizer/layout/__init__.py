"""What tokens mean as music: durations, bars, parts, pitches."""
