"""Writes what the manual shows of the wiring: the tables in docs/bench.md and docs/img/wiring.svg.

    python hil/gen_wiring.py            # write
    python hil/gen_wiring.py --check    # exit 1 if a file is stale

The data are those of pumphil.wiring.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("hil", "firmware", "protocol", "host")]

from pumphil.wiring.drawing import draw  # noqa: E402 - the folders must be on the path first
from pumphil.wiring.page import filled  # noqa: E402

PAGE, DRAWING = ROOT / "docs" / "bench.md", ROOT / "docs" / "img" / "wiring.svg"


def main() -> int:
    """Write or check; the exit status."""
    wanted = {PAGE: filled(PAGE.read_text(encoding="utf-8")), DRAWING: draw()}
    if "--check" not in sys.argv[1:]:
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path.name for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    if stale:
        print(f"{', '.join(stale)}: stale; run python hil/gen_wiring.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
