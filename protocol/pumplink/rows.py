"""What a pump keeps of each message, unpacked on use from one bytes object: on a small heap every tuple counts.

message = row(device.STATUS)
values = unpack(message[REQUEST], message[REQUEST_TAIL], payload)
index, limit = violation(ranges(message[RANGES]), values)
"""

import struct

from pumplink import device

# one message in device.MESSAGES: size u8 of what follows, id u8, flags u8 (1 acts, 2 request tail, 4 reply tail, roles
# << 3), size u8 and text of the request format, of the reply format, ranges: index u8 with WIDE or not, low and high
WIDE = 128
RANGE = "<iI"
WIDE_RANGE = "<qq"


def row(msg_id):
    """What the pump keeps of a message, by its id; None if there is no such message."""
    table = device.MESSAGES
    at = 0
    while at < len(table) and table[at + 1] != msg_id:
        at += 1 + table[at]
    if at == len(table):
        return None
    end = at + 1 + table[at]
    flags = table[at + 2]
    request = at + 4
    reply = request + table[at + 3] + 1
    at = reply + table[reply - 1]
    formats = table[request : reply - 1], table[reply:at]
    return msg_id, flags & 1, formats[0], flags & 2, table[at:end], formats[1], flags & 4, flags >> 3


def ranges(packed):
    """(index, low, high) of each field that has limits, one by one: a list of all is a piece of 256 bytes."""
    at = 0
    while at < len(packed):
        form = WIDE_RANGE if packed[at] & WIDE else RANGE
        low, high = struct.unpack_from(form, packed, at + 1)
        yield packed[at] & ~WIDE, low, high
        at += 1 + struct.calcsize(form)
