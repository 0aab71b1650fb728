"""From sources to a Pico that has said that it works: which board, what it gets, how it gets there.

boards.py   boards by USB serial number, and those in BOOTSEL mode
files.py    the files of a board, by path, built from the firmware's sources
prompt.py   code and files over MicroPython's raw prompt
look.py     which board it is, what stands there, what differs; refusals
way_in.py   from whatever runs on the board to its prompt
flash.py    the steps, in an order that leaves no board half flashed without saying so
start.py    the pump's first words and its self-test
"""
