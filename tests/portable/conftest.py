"""Keeps pytest from collecting the portable tests itself: test_portable.py runs them, once per interpreter."""

collect_ignore_glob = ["test_*.py"]
