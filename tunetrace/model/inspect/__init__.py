"""Inside a model: traces and their files, what units do, and what happens when they are changed."""
