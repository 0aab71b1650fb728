"""Profiles of hypothesis for the whole suite, Ctrl-C as its processes expect it, and keys and history of its own.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests --random-order

`dev` draws few new examples each time, `nightly` many. `ci` draws the same ones for the same code, so that a change
is judged by what it changed. A failure of any of them prints the blob that repeats it. The order of the tests is
shuffled by `make test` (and repeated with `--random-order-seed`), not here, so that one file runs in its own order.
"""

import os
import shutil
import signal
import tempfile

import pytest
from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a job in the background; every child would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("dev", max_examples=25, deadline=None, print_blob=True)
settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True, derandomize=True)
settings.register_profile("nightly", max_examples=2_000, deadline=None, print_blob=True)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
settings.load_profile(PROFILE)


def pytest_report_header() -> str:
    """Name the profile at the start of every run, beside the seed of the order."""
    return f"hypothesis profile of the project: {PROFILE} ({settings.default.max_examples} examples a property)"


KEYS = tempfile.mkdtemp(prefix="pumpbench-keys-")
os.environ["PUMPBENCH_KEYS"] = KEYS  # for children too: no test reads or writes the keys of whoever runs it
os.environ["PUMPBENCH_HISTORY"] = os.path.join(KEYS, "history.db")  # nor their history


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing is left behind."""
    shutil.rmtree(KEYS, ignore_errors=True)
