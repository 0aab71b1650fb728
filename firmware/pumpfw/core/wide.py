"""Arrays of 64-bit numbers: what outlives a wake and may be larger than a small integer.

    at = wide((0, 0))       # from a tuple or a list, or from 8 bytes a number

Of each number that is read out of a "q" MicroPython makes an object, of a small one too, and all that is worked out
from it is an object again. Where a "l" has 64 bits as well it makes a small integer if it can. The boards have 32 bits
there, and "q".
"""

import struct
from array import array

_CODE = "l" if struct.calcsize("l") == 8 else "q"


def wide(numbers):
    """A new array of them."""
    return array(_CODE, numbers)
