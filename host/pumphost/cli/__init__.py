"""The `pumpbench` command: `main` is its entry point, `app` the typer application behind it.

Importing this costs typer only: plots, units, serial ports, pytest and the rigs are imported by the command that
needs them.
"""

from pumphost.cli.app import app, main

__all__ = ["app", "main"]
