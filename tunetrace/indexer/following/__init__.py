"""What comes next: the continuations of a figure, cut, counted, and put beside a model."""
