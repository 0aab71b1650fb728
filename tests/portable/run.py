"""Runs the portable tests: the same files, under CPython or under a real MicroPython.

    python tests/portable/run.py [NAME ...]
    micropython tests/portable/run.py [NAME ...]

NAME is a file without its ending, such as test_wire. Every function `test_*` of every file `test_*.py`
beside this one runs; one whose name begins with `test_mpy_` runs under MicroPython only and is counted as
skipped elsewhere. Exit status 1 if a test failed or none ran. No fixtures, no parameters, plain asserts.
"""

import os
import sys

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
ROOT = HERE + "/../.."
for folder in (ROOT + "/firmware", ROOT + "/protocol", HERE):
    sys.path.insert(0, folder)  # in front, so that the files of this tree are tested and not installed ones
ON_MICROPYTHON = sys.implementation.name == "micropython"


def interpreter():
    """Name and version of what runs this."""
    version = ".".join([str(part) for part in sys.implementation.version[:3]])
    return f"{sys.implementation.name} {version}"


def report(error):
    """Print a traceback where MicroPython and CPython each keep the means to."""
    if ON_MICROPYTHON:
        sys.print_exception(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def run(names):
    """Run the tests of the named files; returns the numbers of passed, failed and skipped ones."""
    passed = failed = skipped = 0
    for name in names:
        module = __import__(name)
        for test in sorted([entry for entry in dir(module) if entry.startswith("test_")]):
            if test.startswith("test_mpy_") and not ON_MICROPYTHON:
                skipped += 1
                continue
            try:
                getattr(module, test)()
                passed += 1
            except Exception as error:  # noqa: BLE001 - whatever a test raises is its failure; the others go on
                failed += 1
                print(f"FAILED {name}.{test}")
                report(error)
    return passed, failed, skipped


def main(arguments):
    """Run all files or those named; returns the exit status."""
    names = arguments or sorted([f[:-3] for f in os.listdir(HERE) if f.startswith("test_") and f.endswith(".py")])
    passed, failed, skipped = run(names)
    print(f"{interpreter()}: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
