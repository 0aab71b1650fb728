"""CRC-32C of a PumpLink frame and the five bytes K0..K4 that carry it on the wire.

    end = write_k(wire, 1, n, wire, n)           # wire[n : n + 5] = K over wire[1:n]
    good = check_k(raw, 0, n, bytearray(5))      # raw[n : n + 5] against K over raw[0:n]

CRC-32C: polynomial 1EDC6F41 (reflected 82F63B78), initial value FFFFFFFF, reflected in and out,
final XOR FFFFFFFF; E3069283 over b"123456789". Each K byte holds seven bits of it, lowest first,
with its top bit set, so that no K byte is 0x00 and every CRC bit is exactly one bit of the wire.

The register is kept in two halves of 16 bits: on a board with 31-bit small integers a value of 2**30 or more is an
object on the heap, and a flood of noise must not fill the heap. It goes on by four bits at a time, with a table of 16
words: one for a byte, 256 words, would be 1 KB of a small heap and half of the time.

It does no framing, and it is no protection against forgery.
"""

from array import array

K_SIZE = 5
_POLY_HIGH = 0x82F6
_POLY_LOW = 0x3B78


def _tables():
    """Lower and upper half of the 16 register values that four bits lead to."""
    lows, highs = array("H", [0] * 16), array("H", [0] * 16)
    for index in range(16):
        high = 0
        low = index
        for _ in range(4):
            carry = low & 1
            low = (low >> 1) | ((high & 1) << 15)
            high >>= 1
            if carry:
                high ^= _POLY_HIGH
                low ^= _POLY_LOW
        lows[index] = low
        highs[index] = high
    return lows, highs


_LOW, _HIGH = _tables()


def write_k(data, start, end, out, at):
    """Write the five K bytes of data[start:end] to out[at : at + 5]; returns at + 5.

    `out` may be `data` itself. Raises IndexError if `out` is too short. Allocates nothing.
    """
    lows = _LOW
    highs = _HIGH
    low = high = 0xFFFF
    for i in range(start, end):
        low ^= data[i]
        index = low & 15
        low = ((low >> 4) | ((high & 15) << 12)) ^ lows[index]
        high = (high >> 4) ^ highs[index]
        index = low & 15
        low = ((low >> 4) | ((high & 15) << 12)) ^ lows[index]
        high = (high >> 4) ^ highs[index]
    low ^= 0xFFFF
    high ^= 0xFFFF
    out[at] = 0x80 | (low & 0x7F)
    out[at + 1] = 0x80 | ((low >> 7) & 0x7F)
    out[at + 2] = 0x80 | (low >> 14) | ((high << 2) & 0x7F)
    out[at + 3] = 0x80 | ((high >> 5) & 0x7F)
    out[at + 4] = 0x80 | (high >> 12)
    return at + K_SIZE


def check_k(data, start, end, scratch):
    """True if data[end : end + 5] are exactly the K bytes of data[start:end].

    `scratch` is a bytearray(5) of the caller, so that nothing is allocated and two receivers never
    share one. A K byte without its top bit, or a K4 above 0x8F, equals no K that can be written.
    """
    if len(data) < end + K_SIZE:
        return False
    write_k(data, start, end, scratch, 0)
    difference = 0
    for i in range(K_SIZE):
        difference |= data[end + i] ^ scratch[i]
    return difference == 0


def crc32c(data):
    """CRC-32C of `data` as an int below 2**32. For tools and tests: the result may be a heap object."""
    k = bytearray(K_SIZE)
    write_k(data, 0, len(data), k, 0)
    value = 0
    for i in range(K_SIZE):
        value |= (k[i] & 0x7F) << (7 * i)
    return value
