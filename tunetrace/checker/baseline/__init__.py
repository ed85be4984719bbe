"""What people borrow from one another: the tunes of the index, each checked against the others."""
