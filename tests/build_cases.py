"""Running a small tree of modules in this process, as it was written and as a build made it."""

import contextlib
import importlib
import io
import sys

from pumphost.build import write_tree


def printed(folder, sources, start="main"):
    """What importing `start` prints, and calling its `main` unless it runs by itself. Nothing of it stays imported."""
    write_tree(folder, sources)
    before = set(sys.modules)
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            module = importlib.import_module(start)
            if start not in ("main", "start"):
                module.main()
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            del sys.modules[name]
    return out.getvalue().strip()
