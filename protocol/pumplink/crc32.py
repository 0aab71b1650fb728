"""CRC-32 of IEEE 802.3 for what is stored: four bytes behind the data, at C speed on every interpreter.

    seal(buf, 0, 12, buf, 12)
    sealed(buf, 0, 12)

The link has CRC-32C, whose distance at frame length matters more than its speed; a checkpoint of 4 KB would take
0.2 s with it on a chip. Both find every error of one bit and every burst of 32.
"""

import binascii
import struct

SIZE = 4


go_on = binascii.crc32  # (data, crc): checksum of what came before, 0 at the start, and of data


def seal(data, start, count, into, at):
    """Write the checksum of `count` bytes of `data` into `into` at `at`."""
    struct.pack_into("<I", into, at, binascii.crc32(memoryview(data)[start : start + count]))


def sealed(data, start, count):
    """Whether the four bytes behind `count` bytes of `data` are their checksum."""
    end = start + count
    if len(data) < end + SIZE:
        return False
    return struct.unpack_from("<I", data, end)[0] == binascii.crc32(memoryview(data)[start:end])
