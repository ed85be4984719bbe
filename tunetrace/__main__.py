"""`python -m tunetrace`."""

from tunetrace.cli import main

main()
