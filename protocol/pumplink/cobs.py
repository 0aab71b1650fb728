"""Consistent overhead byte stuffing (COBS) for bodies of at most 240 bytes: no 0x00 in the result.

    n = encode_into(body, 0, len(body), wire, 1)     # wire[1:n] holds len(body) + 1 stuffed bytes
    n = decode_into(raw, 0, end, raw, 0)             # in place: raw[0:n] is the body, -1 if not COBS

A code byte c stands for c - 1 bytes and a 0x00 that follows them; after the last code byte there is
none. With at most 240 bytes a code byte is 0x01..0xF1, the blocks of 254 bytes that COBS otherwise
knows cannot occur, and the overhead is always one byte.

`take_part` collects what lies between two delimiters. No CRC is checked here.
"""

MAX_PLAIN = 240
MAX_CODE = MAX_PLAIN + 1


def encode_into(src, start, end, dst, at):
    """Stuff src[start:end] into dst from `at` on; returns the index after the last byte written.

    Writes end - start + 1 bytes. Raises ValueError for more than 240 bytes and IndexError if `dst` is
    too short. In place (`dst` is `src`) only with `at` = `start` - 1. Allocates nothing.
    """
    if end - start > MAX_PLAIN:
        raise ValueError("COBS: %d bytes to stuff, limit %d; split the body" % (end - start, MAX_PLAIN))
    code_at = at
    at += 1
    for i in range(start, end):
        byte = src[i]
        if byte:
            dst[at] = byte
        else:
            dst[code_at] = at - code_at
            code_at = at
        at += 1
    dst[code_at] = at - code_at
    return at


def decode_into(src, start, end, dst, at):
    """Undo `encode_into` on src[start:end]; returns the index after the last byte written, or -1.

    -1 means that no encoder makes these bytes: nothing at all, a code byte 0x00 or above 0xF1, a block
    that ends beyond `end`, a 0x00 inside a block, more than 241 bytes. `dst` may then be partly
    overwritten. In place (`dst` is `src`, `at` <= `start`) is allowed, as a byte is always read before
    its place is written. Raises IndexError if `dst` is too short. Allocates nothing.
    """
    if start >= end or end - start > MAX_CODE:
        return -1
    i = start
    while True:
        code = src[i]
        stop = i + code
        if code == 0 or stop > end:  # with at most 241 bytes a code above 0xF1 ends beyond them
            return -1
        i += 1
        while i < stop:
            byte = src[i]
            if byte == 0:
                return -1
            dst[at] = byte
            at += 1
            i += 1
        if stop == end:
            return at
        dst[at] = 0
        at += 1


def take_part(data, start, end, buffer, fill):
    """Copy data[start:end] up to the first 0x00 into `buffer` from `fill` on; returns the index of that 0x00, or `end`.

    What does not fit is passed over: `fill` and the bytes passed say how much that was. Allocates nothing.
    """
    room = len(buffer)
    for i in range(start, end):
        byte = data[i]
        if byte == 0:
            return i
        if fill < room:
            buffer[fill] = byte
            fill += 1
    return end
