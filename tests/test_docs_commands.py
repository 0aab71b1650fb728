"""Commands in README and in manuals stay true: every `pumpbench …` line names commands and options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from cli_tools import run

ROOT = Path(__file__).resolve().parent.parent
GROUPS = ("instrument", "keys", "link", "report", "runs")


def commands(name: str) -> list[str]:
    """Lines of a page that a reader may type."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("pumpbench ")]


PAGES = [
    ("README.md", 4), ("docs/bench.md", 11), ("docs/flashing.md", 5), ("docs/instruments.md", 7), ("docs/link.md", 17),
    ("docs/trumpet.md", 2), ("docs/runs.md", 7), ("docs/campaigns.md", 4), ("docs/programmer.md", 15),
    ("docs/web.md", 4),
]  # fmt: skip


@pytest.mark.parametrize("page,count", PAGES)
def test_every_command_of_a_page_is_one_with_these_options(page: str, count: int) -> None:
    found = commands(page)
    assert len(found) >= count
    for line in found:
        words = shlex.split(line.partition(">")[0])[1:]
        name = words[: 2 if words[0] in GROUPS else 1]
        told = run(*name, "--help")
        assert told.exit_code == 0, line
        for option in [word for word in words if word.startswith("--")]:
            assert re.search(rf"{option}\b", told.stdout), f"{line}: no option {option}"
