"""The line protocol of the probe: text lines over USB, one answer to each.

    answer = answer_to(b"7 drive bolus on 200 *0c5c9dd1", desk)      # b"7 ok *3a1f…\r\n"

A request is `[NUMBER] WORDS [*CRC]`, an answer `NUMBER ok WORDS *CRC` or `NUMBER no REASON *CRC`: the number of the
request (0 without one), and CRC-32 of everything before the blank and the star, in eight hexadecimal digits. A person
may leave out number and CRC; a CRC that is there must be right. What the words mean is in docs/bench.md.
"""

import binascii

LONGEST = 100  # bytes of a request


def with_crc(text):
    """The line as bytes, with its CRC and its end."""
    data = text.encode()
    return b"%s *%08x\r\n" % (data, binascii.crc32(data) & 0xFFFFFFFF)


def answer_to(line, desk):
    """`desk.words(words)` gives the words of the answer, or raises ValueError with the reason against it."""
    number = "0"
    try:
        words = _words(line)
        if words and words[0].isdigit():
            number = words[0]
            words = words[1:]
        if not words:
            raise ValueError("empty: write who, read, steps N, edges N, drive NAME on|off [MS] or rest")
        return with_crc(number + " ok " + desk.words(words))
    except ValueError as error:
        return with_crc(number + " no " + str(error))


def _words(line):
    if len(line) > LONGEST:
        raise ValueError("longer than %d bytes" % LONGEST)
    for byte in line:
        if not 32 <= byte < 127:
            raise ValueError("not plain text")
    text = bytes(line).decode()
    text, star, crc = text.partition(" *")
    if star and crc != "%08x" % (binascii.crc32(text.encode()) & 0xFFFFFFFF):
        raise ValueError("CRC does not fit")
    return text.split()
