"""What a pump keeps of each message, unpacked on use from one bytes object: on a small heap every tuple counts.

message = row(device.STATUS)
values = unpack(message[REQUEST], message[REQUEST_TAIL], payload)
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
    ranges = []
    while at < end:
        form = WIDE_RANGE if table[at] & WIDE else RANGE
        ranges.append(table[at] & ~WIDE)
        ranges.extend(struct.unpack_from(form, table, at + 1))
        at += 1 + struct.calcsize(form)
    return msg_id, flags & 1, formats[0], flags & 2, ranges, formats[1], flags & 4, flags >> 3
