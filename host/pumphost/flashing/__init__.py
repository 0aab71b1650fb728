"""What a Pico gets. Not here yet: bringing it there.

files.py    the files of a board, by path, built from the firmware's sources
"""
