"""`python -m zhikun.cli`: the command, for processes that start each other."""

from zhikun.cli import main

main()
