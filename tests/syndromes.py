"""Which wrong bits a PumpLink frame can hide: every pattern up to a number of flips, without trying each.

    assert hidden_flips(wire, 3) == []
    assert dependent_bursts(16) == []

A CRC is linear: whether flips cancel depends on where they are and not on what the frame says. Each bit between two
delimiters has a column of 40 bits: what its flip does to the difference of K0..K4 as received and as computed. Flips go
unnoticed if their columns add up (XOR) to what the piece lacks, which is 0 for a sound frame. Flips can also make and
remove delimiters, so every piece between two places that may become 0x00 is looked at, with the flips that this leaves.
What is found here still has to pass COBS and length: nothing found means nothing can be accepted.
"""

import functools

from wire_cases import reference_codec

K_SIZE = 5
MAX_RAW = 246


def k_value(data: bytes) -> int:
    """K0..K4 over `data` as one number of 40 bits."""
    return int.from_bytes(reference_codec.k_bytes(reference_codec.CRC32C(data)), "little")


@functools.cache
def longest() -> tuple[int, ...]:
    """Columns of the most bytes there may be between two delimiters, in the order of the wire: lowest bit first."""
    size = MAX_RAW - K_SIZE
    zeros = k_value(bytes(size))
    of_data = [
        zeros ^ k_value(bytes(at) + bytes([1 << bit]) + bytes(size - at - 1)) for at in range(size) for bit in range(8)
    ]
    return (*of_data, *(1 << bit for bit in range(8 * K_SIZE)))


@functools.cache
def columns(raw_size: int) -> tuple[tuple[int, ...], frozenset[int]]:
    """Columns of so many bytes, and the same as a set: they depend on the distance from the end and nothing else."""
    own = longest()[-8 * raw_size :]
    return own, frozenset(own)


def lacking(piece: bytes) -> int:
    """Difference of K as received and as computed; 0 is a good CRC."""
    return k_value(piece[:-K_SIZE]) ^ int.from_bytes(piece[-K_SIZE:], "little")


def reachable(target: int, raw_size: int, flips: int) -> bool:
    """Whether one or more, at most so many different columns add up to `target`."""
    own, known = columns(raw_size)
    if flips >= 1 and target in known:
        return True
    if flips >= 2 and (any(target ^ one in known for one in own) if target else len(known) < len(own)):
        return True
    if flips >= 3:
        for index, one in enumerate(own):
            rest = target ^ one
            if any(rest ^ other in known for other in own[index + 1 :]):
                return True
    return False


def hidden_flips(wire: bytes, flips: int) -> list[tuple[int, int]]:
    """Pieces of a sound frame, between good ones, that some pattern of at most so many flips gives a good CRC.

    (a, b): the piece lies between the bytes a and b of the frame, -1 and its size being delimiters of the neighbours.
    """
    size = len(wire)
    price = {-1: 0, 0: 0, size - 1: 0, size: 0}  # flips that make this byte a delimiter
    price |= {at: wire[at].bit_count() for at in range(1, size - 1) if wire[at].bit_count() <= flips}
    found = []
    for first in price:
        for last in price:
            left = flips - price[first] - price[last]
            piece = wire[first + 1 : max(last, 0)]
            if left < 0 or not K_SIZE < len(piece) <= MAX_RAW:
                continue
            target = lacking(piece)  # delimiters inside must go; the flips for that are among its columns
            whole = (first, last) == (0, size - 1)
            if (target == 0 and not whole) or reachable(target, len(piece), left):
                found.append((first, last))
    return found


def dependent_bursts(length: int) -> list[int]:
    """Bits of the longest frame at which a burst of `length` may begin that goes unnoticed in some pattern."""
    own = longest()
    return [at for at in range(len(own) - length + 1) if rank(own[at : at + length]) < length]


def rank(rows: tuple[int, ...]) -> int:
    """Rank over GF(2)."""
    basis: dict[int, int] = {}
    for row in rows:
        while row:
            top = row.bit_length()
            if top not in basis:
                basis[top] = row
                break
            row ^= basis[top]
    return len(basis)
