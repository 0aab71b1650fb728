"""Two PIO programs: the time of each rising edge, and how many there were.

    rp2.StateMachine(0, stamp, freq=FREQ, jmp_pin=Pin(2))

`stamp`: X falls by one in four clocks, which is a microsecond, on every path through the program and for ever. At each
rising edge its low 30 bits go into the FIFO: a small integer on the chip, and a time that wraps as `ticks_us` does.
`count` is the pump's own way to count, in words of its own: X falls with each edge. What one of them misses shows.

Every clock of both is checked in tests/test_probe_pio.py.
"""

# mypy: disable-error-code="name-defined, call-overload"
# The decorator brings the words of the assembler; no checker knows them.

import rp2

FREQ = 4_000_000
COUNT_FREQ = 1_000_000
MASK = 0x3FFFFFFF

# instructions that are executed from outside
BEGIN = 0xA02B  # mov(x, invert(null))
TELL = 0xA0C9  # mov(isr, invert(x))
PUSH = 0x8000  # push(noblock)


@rp2.asm_pio(in_shiftdir=rp2.PIO.SHIFT_LEFT, fifo_join=rp2.PIO.JOIN_RX)
def stamp():
    jmp("low")
    label("rise")
    in_(x, 30)
    push(noblock)
    irq(rel(0))
    jmp(x_dec, "high")
    label("high")
    jmp(x_dec, "look")
    label("look")
    jmp(pin, "high")[2]
    wrap_target()
    label("low")
    jmp(x_dec, "watch")
    label("watch")
    jmp(pin, "rise")[2]
    wrap()


@rp2.asm_pio()
def count():
    label("next")
    wait(0, pin, 0)
    wait(1, pin, 0)
    jmp(x_dec, "next")


def time_of(stamped):
    """us since the machine began, modulo 2^30, of a word from its FIFO."""
    return MASK - stamped
