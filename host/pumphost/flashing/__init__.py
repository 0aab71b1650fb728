"""What a Pico gets, and which Picos are here. Not here yet: bringing it there.

boards.py   boards by USB serial number, and those in BOOTSEL mode
files.py    the files of a board, by path, built from the firmware's sources
"""
