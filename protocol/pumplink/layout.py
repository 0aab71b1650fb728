"""The bytes of one payload: a struct format, a tail or none, and the ranges of its fields.

    message = rows.row(device.STATUS)
    values = unpack(message[REQUEST], message[REQUEST_TAIL], payload)

What a pump needs of a message, as numbers, bytes and functions, because on a small heap every object
counts: rows are unpacked on use. Names and units are in `fields`, on the host. Ranges are (index, low, high) each.
"""

import struct

# places in a row: (id, acts, request format, request tail, ranges, reply format, reply tail, roles)
ID, ACTS, REQUEST, REQUEST_TAIL, RANGES, REPLY, REPLY_TAIL, ROLES = range(8)


def pack(format, has_tail, values):
    """Bytes of `values` (a sequence in field order; the tail, if any, is bytes)."""
    if has_tail:
        return struct.pack(format, *values[:-1]) + bytes(values[-1])
    return struct.pack(format, *values)


def unpack(format, has_tail, payload):
    """Values in field order, or None if the length does not fit. Never raises on wire input."""
    size = struct.calcsize(format)
    if len(payload) < size or (len(payload) > size and not has_tail):
        return None
    values = struct.unpack_from(format, payload, 0)
    if has_tail:
        return values + (bytes(payload[size:]),)
    return values


def violation(ranges, values):
    """Index of the first field outside its range and the limit it breaks, or (-1, 0)."""
    for index, low, high in ranges:
        if values[index] < low:
            return index, low
        if values[index] > high:
            return index, high
    return -1, 0
