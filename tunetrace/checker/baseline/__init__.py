"""What people borrow from one another: the measure that a checked tune is compared with."""
