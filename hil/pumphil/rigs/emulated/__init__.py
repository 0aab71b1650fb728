"""Rig `emulated`: the real MicroPython image of a Pico, with the files that a Pico gets, on an emulated RP2040.

rig = EmulatedRig(seed, options)        # RigBroken says what is missing and how to get it

image.py     which MicroPython, and the flash image with the firmware in it
lent.py      in that image, the sectors of the pump's store
repairs.py   five faults of the emulator (rp2040py), mended from outside
flash_time.py   and a sixth: its flash takes no time
chip.py      one chip with its pins, run to an instant; power off and on
wires.py     what hangs on the pins: driver and plant, encoder, sensors, lamps, buzzer
rig.py       the rig: contract, time, link
board.py     a chip at a port, for other processes
"""
