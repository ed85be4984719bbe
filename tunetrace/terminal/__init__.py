"""What the commands print for people: tables and paragraphs that fit 80 columns."""
