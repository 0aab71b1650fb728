"""A Raspberry Pi Pico: `board.main` is the entry of its build.

    board.py        ports together, main loop, what is left when anything fails
    pio.py          step pulses and their counter, as PIO programs;  stepper.py    the motor port on them
    sensors.py      switches, converters;  rotor.py    the encoder;  annunciator.py    lamps and buzzer
    usb.py          the link;  store.py    flash;  watchdog.py    the dog, and a word across a reset
    selftest.py     at power-on;  wiring.py    pins and scales

Nothing here decides about a dose. Not here: a second clock and an inlet sensor, which this board has not.
"""
