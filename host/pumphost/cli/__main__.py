"""`python -m pumphost.cli`: the command without an installation."""

from pumphost.cli.app import main

if __name__ == "__main__":
    main()
