"""The block of keys and hard limits that a pump takes while its jumper is fitted (SEC-08), and nothing else writes.

    block = pack_block(policy, rate_max, bolus_max, fw_digest, [(role, label, key), ...])      # on the host
    if whole(read): role, label, key = slot_of(block, 2)

    block   version u8, policy u8, 0 u16, rate_max u32 nL/day, bolus_max u32 nL, fw_digest b8,
            8 x (role u8, label b8, key b32), SHA-256 over all that b32

Role 0 is an empty slot. A limit can only be lower than that of the firmware. `fw_digest` is that of the only firmware
that may deliver in a delivery build; eight zero bytes: any (SEC-09).
"""

import hashlib
import struct

BLOCK_VERSION = 1
SLOTS = 8
HEAD = "<BBHII8s"
HEAD_SIZE = 20
SLOT = "<B8s32s"
SLOT_SIZE = 41
SIGNED = HEAD_SIZE + SLOTS * SLOT_SIZE
DIGEST_SIZE = 32
BLOCK_SIZE = SIGNED + DIGEST_SIZE
PIECE = SIGNED // 3  # read at once: the whole needs a hole of its size in a small heap
EMPTY = (0, b"", b"")


def pack_block(policy, rate_max, bolus_max, fw_digest, slots):
    """The block; `slots` are up to eight (role, label, key), missing ones stay empty."""
    if len(slots) > SLOTS:
        raise ValueError("%d keys, limit %d" % (len(slots), SLOTS))
    block = struct.pack(HEAD, BLOCK_VERSION, policy, 0, rate_max, bolus_max, fw_digest)
    for at in range(SLOTS):
        block += struct.pack(SLOT, *(slots[at] if at < len(slots) else EMPTY))
    return block + hashlib.sha256(block).digest()


def whole(read):
    """Whether the block that `read(at, count)` gives, fewer bytes at its end, is one that nobody has changed."""
    sha = hashlib.sha256()
    for at in range(0, SIGNED, PIECE):
        sha.update(read(at, PIECE))
    return read(0, 1) == bytes((BLOCK_VERSION,)) and read(SIGNED, DIGEST_SIZE + 1) == sha.digest()


def slot_of(block, slot):
    """(role, label, key) of one slot."""
    return struct.unpack_from(SLOT, block, HEAD_SIZE + slot * SLOT_SIZE)
