"""The firmware in a MicroPython process: lockstep exchanges over standard input and output.

    micropython -m pumpfw.boards.vm RESERVOIR_NL FIRMWARE_DIGEST_HEX

Ends at the end of its input, so that it never outlives the rig. A request of all 0xFF asks for the
heap: the answer is two u32, bytes in use after a collection and bytes free. At the start it says which
interpreter it is.
"""

import gc
import struct
import sys

# Modules that import others come after them, with a collection in between: a chain of nested imports
# keeps every half-loaded module in the heap at once and needs a quarter more of it.
for _name in (
    "pumplink.layout", "pumplink.device", "pumplink.crc32c", "pumplink.frame", "pumplink.digest",
    "pumpfw.core.config", "pumpfw.core.schedule", "pumpfw.core.alarms", "pumpfw.core.rules",
    "pumpfw.core.programming", "pumpfw.core.commands", "pumpfw.core.link", "pumpfw.core.pump",
):  # fmt: skip
    __import__(_name)
    gc.collect()

from pumpfw.boards.lockstep import LockstepBoard  # noqa: E402 - after its leaves, see above

HEAP_QUERY = b"\xff\xff\xff\xff"
BANNER = "<64s"


def main(reservoir_nl, fw_digest):
    """Serve until the input ends."""
    board = LockstepBoard(reservoir_nl, fw_digest)
    gc.collect()
    source = sys.stdin.buffer
    sink = sys.stdout.buffer
    version = ".".join([str(part) for part in sys.implementation.version[:3]])
    sink.write(struct.pack(BANNER, ("%s %s on %s" % (sys.implementation.name, version, sys.platform)).encode()))
    request = board.request
    reply = memoryview(board.reply)
    while source.readinto(request) == len(request):
        if request[:4] == HEAP_QUERY:
            gc.collect()
            sink.write(struct.pack("<II", gc.mem_alloc(), gc.mem_free()))
            continue
        count = board.link_bytes_wanted()
        sink.write(reply[: board.exchange(source.read(count) if count else b"")])


if __name__ == "__main__":
    main(int(sys.argv[1]), bytes.fromhex(sys.argv[2]))
