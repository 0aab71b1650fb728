"""Whether a board carries `pumplink.native`: decided by the build, where the source tries it at run time.

    sources = decided(read_tree(packages), native=False)

`pumplink.frame` imports the machine code inside of `try`, because the same file runs where there is none. A board is
built for one processor, so one of the two branches takes the place of the whole statement, and what only the other one
needs is left out. The module itself goes to the board as it is written: no other pass may touch words of viper.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from pumphost.build.modules import BuildError
from pumphost.build.tree import NATIVE_FILE

NATIVE_MODULE = NATIVE_FILE.removesuffix(".py").replace("/", ".")


def decided(sources: Mapping[str, str], *, native: bool) -> dict[str, str]:
    """Sources, by path, without any question about the module."""
    return {path: _decide(path, text, native) for path, text in sources.items()}


def _decide(path: str, text: str, native: bool) -> str:
    if NATIVE_MODULE not in text:
        return text
    tree = ast.parse(text, path)
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.Try) and any(_asks(inner) for inner in node.body):
            if len(node.handlers) != 1 or node.orelse or node.finalbody:
                raise BuildError(f"{path}:{node.lineno}: {NATIVE_MODULE} is tried with one except and nothing else")
            body += node.body if native else node.handlers[0].body
        else:
            body.append(node)
    for node in body:
        if _asks(node) and not native:
            raise BuildError(f"{path}:{node.lineno}: {NATIVE_MODULE} is imported where there may be none: use try")
    tree.body = body
    return ast.unparse(tree)


def _asks(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == NATIVE_MODULE
