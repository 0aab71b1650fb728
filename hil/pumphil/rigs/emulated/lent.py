"""The store of a Pico as it lies in flash: sectors of 4 096 bytes, each a file, to be made and to be read.

`pumpfw/boards/pico/store.py` describes what is in them; this end writes what that one reads, and the other way round.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable

from pumpfw.boards.pico.sectors import FOLDER, MAGIC, MOST, SIZE, STAMP_SIZE, path_of
from pumpfw.boards.pico.store import CLAIM, CLAIM_SIZE, HEAD_SIZE, MARK_SIZE, PARTS

ROOM = SIZE - HEAD_SIZE - 512  # so that appends can follow, and their marks
ROOM_SIZE = SIZE - STAMP_SIZE - MARK_SIZE  # between stamp and first mark
BLANK = b"\xff"


def files_of(stored: dict[int, bytes], seed: bytes) -> dict[str, bytes]:
    """A file for each part of each area, and one for each spare sector, as on a pump that has run for a while; by path.

    ValueError: an area has more than its parts can hold.

    `seed` is for the stamps: another one for each flash, so that what was removed from it is not taken for them.
    """
    contents: list[bytes] = []
    for area, data in sorted(stored.items()):
        pieces = [data[at : at + ROOM] for at in range(0, len(data), ROOM)]
        if len(pieces) > PARTS:
            raise ValueError(f"area {area}: {len(data)} bytes, limit {PARTS * ROOM}; the store of a Pico holds no more")
        for part, piece in enumerate(pieces):
            claim = struct.pack(CLAIM, area, part, 0, 1)
            head = claim + struct.pack("<I", zlib.crc32(claim))
            mark = struct.pack("<HH", len(piece), len(piece) ^ 0xFFFF)
            contents.append((head.ljust(HEAD_SIZE - STAMP_SIZE, BLANK) + piece).ljust(ROOM_SIZE, BLANK) + mark)
    salt = hashlib.sha256(seed).digest()
    found = {}
    for k, content in enumerate(contents + [b""] * (MOST - len(contents))):
        stamp = MAGIC + bytes((k,)) + hashlib.sha256(salt + bytes((k,))).digest()
        found[FOLDER + path_of(k)] = (stamp[:STAMP_SIZE] + content).ljust(SIZE, BLANK)
    return found


def stored_in(sectors: Iterable[bytes]) -> dict[int, bytes]:
    """What these sectors hold, by area: the newest generation, of each part the newest copy."""
    newest: dict[int, int] = {}
    claimed: dict[tuple[int, int, int], tuple[int, bytes]] = {}
    for sector in sectors:
        claim = sector[STAMP_SIZE : STAMP_SIZE + CLAIM_SIZE]
        if sector[STAMP_SIZE + CLAIM_SIZE :][:4] != struct.pack("<I", zlib.crc32(claim)):
            continue
        area, part, copy, generation = struct.unpack(CLAIM, claim)
        if not part:
            newest[area] = max(generation, newest.get(area, 0))
        key = area, part, generation
        claimed[key] = max(claimed.get(key, (-1, b"")), (copy, sector))
    found: dict[int, bytes] = {}
    for area, generation in newest.items():
        for part in range(PARTS):
            if (area, part, generation) not in claimed:
                break
            found[area] = found.get(area, b"") + _marked(claimed[area, part, generation][1])
    return found


def _marked(sector: bytes) -> bytes:
    """What has a mark in a sector."""
    used = 0
    for at in range(SIZE - MARK_SIZE, HEAD_SIZE, -MARK_SIZE):
        if at < HEAD_SIZE + used or sector[at : at + MARK_SIZE] == BLANK * MARK_SIZE:
            break
        size, inverted = struct.unpack_from("<HH", sector, at)
        if size ^ inverted == 0xFFFF:
            used = size
    return sector[HEAD_SIZE : HEAD_SIZE + used]
