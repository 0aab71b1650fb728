"""Two PIO programs: step pulses, exactly as many as a word says, and a counter of what was on the pin.

    rp2.StateMachine(0, steps, freq=FREQ, set_base=Pin(2)).put(word(46, 10_000))

A word is one packet: pulses less one in its low half, clocks to wait for each of them in its high half. Without
another word the machine starves at `pull`, whatever the processor does (PWR-04). Each pulse comes at the end of its
period: pulse n stands n periods after the word was taken, high for 16 clocks (16 us at FREQ; TMC2209: 100 ns).

The counter sees the pin, not the program that drives it. X begins at -1 and falls with each rising edge, so that
its complement is the count: a small integer on the chip for 2^30 steps.

Source of the encodings: RP2040 datasheet, section 3.4. Every clock of both is checked in tests/test_pico_pio.py.
"""

# mypy: disable-error-code="name-defined, call-overload"
# The decorator brings the words of the assembler; no checker knows them.

import rp2

FREQ = 1_000_000  # clocks a second: a period in us is one in clocks
OVERHEAD = 20  # clocks of a period besides those that the word says
PERIOD_MAX_US = 65_535 + OVERHEAD

# instructions that are executed from outside
SET_LOW = 0xE000  # set(pins, 0)
DROP = 0x8080  # pull(noblock)
COUNT_NOTHING = 0xA02B  # mov(x, invert(null))
TELL = 0xA0C9  # mov(isr, invert(x))
PUSH = 0x8000  # push(noblock)


@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW, out_shiftdir=rp2.PIO.SHIFT_RIGHT)
def steps():
    pull(block)
    out(x, 16)
    label("pulse")
    mov(y, osr)
    label("wait")
    jmp(y_dec, "wait")
    set(pins, 1)[15]
    set(pins, 0)
    jmp(x_dec, "pulse")


@rp2.asm_pio()
def count():
    label("next")
    wait(0, pin, 0)
    wait(1, pin, 0)
    jmp(x_dec, "next")


def word(pulses, period_us):
    """The word for a packet: 1 to 65 536 pulses, one each `period_us`, 20 to 65 555 us."""
    if not 1 <= pulses <= 65_536 or not OVERHEAD <= period_us <= PERIOD_MAX_US:
        raise ValueError("packet of %d pulses each %d us: 1 to 65536, each 20 to 65555 us" % (pulses, period_us))
    return (period_us - OVERHEAD) << 16 | (pulses - 1)
