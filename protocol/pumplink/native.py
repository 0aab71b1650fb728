"""CRC, stuffing and the receive loop as machine code: what `crc32c` and `cobs` do, for a MicroPython that emits it.

    from pumplink.native import check_k, decode_into, encode_into, take_part, write_k

Same arguments, results and errors as there; `frame` imports either. Importing this fails with ImportError on CPython
and with SyntaxError on a MicroPython without the native emitter. A pointer knows no end, so every function looks at
the lengths first: what would leave a buffer raises IndexError before a byte is written.

Numbers stay in registers: nothing is allocated, on a board with 31-bit integers neither.
"""

# ptr8 and ptr32 are words of viper, and to it the result of len() is an object
# ruff: noqa: F821, RUF046
# mypy: disable-error-code="name-defined,no-any-return,untyped-decorator"
import micropython


def _table():
    """Register values that four bits lead to, 16 words of 32 bits: 64 bytes cost a tenth of the speed of 1 KB."""
    table = bytearray(64)
    for index in range(16):
        high, low = 0, index
        for _ in range(4):
            carry = low & 1
            low = (low >> 1) | ((high & 1) << 15)
            high >>= 1
            if carry:
                high ^= 0x82F6
                low ^= 0x3B78
        at = 4 * index
        table[at] = low & 0xFF
        table[at + 1] = low >> 8
        table[at + 2] = high & 0xFF
        table[at + 3] = high >> 8
    return table


_T = _table()


@micropython.viper
def write_k(data, start: int, end: int, out, at: int) -> int:
    """As `crc32c.write_k`."""
    if start < 0 or end > int(len(data)) or at < 0 or at + 5 > int(len(out)):
        raise IndexError("K outside of its buffer")
    src = ptr8(data)
    dst = ptr8(out)
    table = ptr32(_T)
    crc = -1
    i = start
    while i < end:
        crc ^= src[i]
        crc = ((crc >> 4) & 0x0FFFFFFF) ^ table[crc & 15]
        crc = ((crc >> 4) & 0x0FFFFFFF) ^ table[crc & 15]
        i += 1
    crc ^= -1
    dst[at] = 0x80 | (crc & 0x7F)
    dst[at + 1] = 0x80 | ((crc >> 7) & 0x7F)
    dst[at + 2] = 0x80 | ((crc >> 14) & 0x7F)
    dst[at + 3] = 0x80 | ((crc >> 21) & 0x7F)
    dst[at + 4] = 0x80 | ((crc >> 28) & 0x0F)
    return at + 5


@micropython.viper
def check_k(data, start: int, end: int, scratch) -> bool:
    """As `crc32c.check_k`."""
    if int(len(data)) < end + 5:
        return False
    write_k(data, start, end, scratch, 0)
    src = ptr8(data)
    made = ptr8(scratch)
    difference = 0
    i = 0
    while i < 5:
        difference |= src[end + i] ^ made[i]
        i += 1
    return difference == 0


def _too_long(size):
    raise ValueError("COBS: %d bytes to stuff, limit 240; split the body" % size)


@micropython.viper
def encode_into(src, start: int, end: int, dst, at: int) -> int:
    """As `cobs.encode_into`."""
    size = end - start
    if size > 240:
        _too_long(size)
    if start < 0 or size < 0 or end > int(len(src)) or at < 0 or at + size >= int(len(dst)):
        raise IndexError("COBS outside of its buffer")
    plain = ptr8(src)
    out = ptr8(dst)
    code_at = at
    at += 1
    i = start
    while i < end:
        byte = plain[i]
        if byte:
            out[at] = byte
        else:
            out[code_at] = at - code_at
            code_at = at
        at += 1
        i += 1
    out[code_at] = at - code_at
    return at


@micropython.viper
def decode_into(src, start: int, end: int, dst, at: int) -> int:
    """As `cobs.decode_into`; `dst` must hold what the longest body of so many bytes needs."""
    size = end - start
    if size <= 0 or size > 241:
        return -1
    if start < 0 or end > int(len(src)) or at < 0 or at + size - 1 > int(len(dst)):
        raise IndexError("COBS outside of its buffer")
    stuffed = ptr8(src)
    out = ptr8(dst)
    i = start
    while True:
        code = stuffed[i]
        stop = i + code
        if code == 0 or stop > end:
            return -1
        i += 1
        while i < stop:
            byte = stuffed[i]
            if byte == 0:
                return -1
            out[at] = byte
            at += 1
            i += 1
        if stop == end:
            return at
        out[at] = 0
        at += 1


@micropython.viper
def take_part(data, start: int, end: int, buffer, fill: int) -> int:
    """As `cobs.take_part`."""
    if start < 0 or end > int(len(data)) or fill < 0:
        raise IndexError("frame outside of its buffer")
    src = ptr8(data)
    dst = ptr8(buffer)
    room = int(len(buffer)) - fill + start
    i = start
    while i < end:
        byte = src[i]
        if byte == 0:
            return i
        if i < room:
            dst[fill + i - start] = byte
        i += 1
    return end
