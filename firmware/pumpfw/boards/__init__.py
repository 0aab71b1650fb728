"""Boards: the port objects of one place to run, and the loop that polls the core there."""
