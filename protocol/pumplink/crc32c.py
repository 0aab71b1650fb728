"""CRC-32C of a PumpLink frame and the five bytes K0..K4 that carry it on the wire.

    end = write_k(wire, 1, n, wire, n)           # wire[n : n + 5] = K over wire[1:n]
    good = check_k(raw, 0, n, bytearray(5))      # raw[n : n + 5] against K over raw[0:n]

CRC-32C: polynomial 1EDC6F41 (reflected 82F63B78), initial value FFFFFFFF, reflected in and out,
final XOR FFFFFFFF; E3069283 over b"123456789". Each K byte holds seven bits of it, lowest first,
with its top bit set, so that no K byte is 0x00 and every CRC bit is exactly one bit of the wire.

The register is kept in four bytes, each with a table of its own: on a board with 31-bit small
integers a value of 2**30 or more is an object on the heap, and a flood of noise must not fill the
heap. Four look-ups a byte also cost less than two halves of 16 bits with their shifts, and need no
`array`.

It does no framing, and it is no protection against forgery.
"""

K_SIZE = 5
_POLY_HIGH = 0x82F6
_POLY_LOW = 0x3B78


def _tables():
    """Lowest to highest byte of the 256 register values that one byte leads to: four tables of 256 bytes."""
    tables = [bytearray(256) for _ in range(4)]
    for index in range(256):
        high = 0
        low = index
        for _ in range(8):
            carry = low & 1
            low = (low >> 1) | ((high & 1) << 15)
            high >>= 1
            if carry:
                high ^= _POLY_HIGH
                low ^= _POLY_LOW
        tables[0][index] = low & 0xFF
        tables[1][index] = low >> 8
        tables[2][index] = high & 0xFF
        tables[3][index] = high >> 8
    return [bytes(table) for table in tables]


_T0, _T1, _T2, _T3 = _tables()


def write_k(data, start, end, out, at):
    """Write the five K bytes of data[start:end] to out[at : at + 5]; returns at + 5.

    `out` may be `data` itself. Raises IndexError if `out` is too short. Allocates nothing.
    """
    t0 = _T0
    t1 = _T1
    t2 = _T2
    t3 = _T3
    r0 = r1 = r2 = r3 = 0xFF
    for i in range(start, end):
        index = r0 ^ data[i]
        r0 = r1 ^ t0[index]
        r1 = r2 ^ t1[index]
        r2 = r3 ^ t2[index]
        r3 = t3[index]
    r0 ^= 0xFF
    r1 ^= 0xFF
    r2 ^= 0xFF
    r3 ^= 0xFF
    out[at] = 0x80 | r0  # bit 7 of r0 goes into K1; here the top bit is set anyway
    out[at + 1] = 0x80 | (r0 >> 7) | ((r1 << 1) & 0x7F)
    out[at + 2] = 0x80 | (r1 >> 6) | ((r2 << 2) & 0x7F)
    out[at + 3] = 0x80 | (r2 >> 5) | ((r3 << 3) & 0x7F)
    out[at + 4] = 0x80 | (r3 >> 4)
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
