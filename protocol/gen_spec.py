"""Writes SPEC.md, protocol.json and versions.json from the message table and the prose in spec/.

    python protocol/gen_spec.py            # write
    python protocol/gen_spec.py --check    # exit 1 if one of them is stale, or if the table changed without a version

In the prose {{name}} is a number and {{table name}} a table; see `spec_tables`. A table that breaks its own past is
refused in both ways: `spec_versions` says why.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
# beside this file, whether pumplink is installed or not
import spec_tables  # noqa: E402
import spec_versions  # noqa: E402

PROSE = HERE / "spec"
HEAD = "<!-- Written by protocol/gen_spec.py from protocol/spec/ and the tables of pumplink: do not edit. -->\n"


def specification(history: dict, folder: Path = PROSE) -> str:
    """SPEC.md. ValueError for a place that nothing fills, and for a table that no place asks for."""
    tables = spec_tables.tables(history)
    numbers = spec_tables.numbers()
    unused = set(tables)

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("table "):
            unused.discard(name[6:])
            if name[6:] in tables:
                return tables[name[6:]]
        elif name.endswith(" s") and name[:-2] in numbers:
            return seconds(numbers[name[:-2]])
        elif name in numbers:
            return str(numbers[name])
        raise ValueError(f"spec/: nothing is called {{{{{name}}}}}")

    prose = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md")))
    text = re.sub(r"\{\{([^}]*)\}\}", filled, prose)
    if unused:
        raise ValueError(f"spec/: no place for the table {sorted(unused)[0]}")
    return HEAD + text


def seconds(value_ms: int) -> str:
    """Milliseconds as people say them."""
    if value_ms % 60_000 == 0 and value_ms >= 300_000:
        return f"{value_ms // 60_000} min"
    return f"{value_ms // 1000} s" if value_ms % 1000 == 0 else f"{value_ms} ms"


def as_json(data: dict) -> str:
    """A row a line, so that a change shows as a change of lines."""
    parts = []
    for name, value in data.items():
        rows = value if isinstance(value, list) and isinstance(value[0], dict) else None
        dumped = [json.dumps(row, ensure_ascii=False) for row in rows or [value]]
        parts.append(f'"{name}": ' + ("[\n" + ",\n".join(dumped) + "\n]" if rows else dumped[0]))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def files() -> dict[Path, str]:
    """What belongs into each file."""
    history = spec_versions.with_current(spec_versions.load(spec_versions.TARGET))
    return {
        HERE / "SPEC.md": specification(history),
        HERE / "protocol.json": as_json(spec_tables.data(history)),
        spec_versions.TARGET: spec_versions.text(history),
    }


def main(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    faults = spec_versions.faults(spec_versions.load(spec_versions.TARGET))
    for sentence in faults:
        print(f"message table: {sentence}", file=sys.stderr)
    if faults:
        return 1
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.name} is stale: run python protocol/gen_spec.py", file=sys.stderr)
        return 1 if stale else 0
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
