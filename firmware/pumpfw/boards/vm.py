"""The firmware in a MicroPython process: lockstep exchanges over standard input and output.

    micropython -m start RESERVOIR_NL FIRMWARE_DIGEST_HEX RESET_CAUSE UID_HEX NOISE_SEED_HEX

Ends at the end of its input, so that it never outlives the rig. A request of all 0xFF asks for the
heap: the answer is two u32, bytes in use after a collection and bytes free. At the start it says which
interpreter it is.

Between a request and its reply come the calls of the store, each answered before the firmware goes on:

    call    1 read | 2 append | 3 erase u8, area u8, offset u32, bytes u32, padded to a reply    + bytes to append
    answer  u32: bytes that follow, or 1 for done and 0 for not                                  + bytes read

The rig adds POSTED to the number of changed inputs while nothing can fail to be written: then append and erase get no
answer and are done. The rig carries them out before it looks at the reply, in order, so nothing else differs; a power
cut among them ends the firmware before anybody has seen what it did after it.
"""

import gc
import struct
import sys

from pumpfw.boards.lockstep import REPLY_SIZE, LockstepBoard

HEAP_QUERY = b"\xff\xff\xff\xff"
BANNER = "<64s"
STORE_CALL = "<BBII"
STORE_READ = 1
STORE_APPEND = 2
STORE_ERASE = 3
POSTED = 128
POSTED_AT = 16  # of the number of changed inputs in a request
_SHORT = 48  # an intent or a record goes out in one write


class VmStore:
    """Asks the rig's store and waits for the answer."""

    def __init__(self, source, sink):
        self._source = source
        self._sink = sink
        self._call = bytearray(REPLY_SIZE + _SHORT)
        self._answer = bytearray(4)
        self.posted = False

    def _ask(self, call, area, offset, count, data):
        out = self._call
        struct.pack_into(STORE_CALL, out, 0, call, area, offset, count)
        end = REPLY_SIZE + len(data)
        if end <= len(out):
            out[REPLY_SIZE:end] = data
            self._sink.write(memoryview(out)[:end])
        else:
            self._sink.write(memoryview(out)[:REPLY_SIZE])
            self._sink.write(data)
        if self.posted and call != STORE_READ:
            return 1
        if self._source.readinto(self._answer) != 4:
            raise SystemExit  # the power is gone
        return struct.unpack_from("<I", self._answer, 0)[0]

    def read(self, area, offset, count):
        data = bytearray(count)  # before the question: nothing may fail between it and the answer
        found = self._ask(STORE_READ, area, offset, count, b"")
        if found:
            self._source.readinto(data, found)
        return data if found == count else data[:found]

    def append(self, area, data, more=False):
        return self._ask(STORE_APPEND, area, 0, len(data), data) == 1

    def erase(self, area):
        return self._ask(STORE_ERASE, area, 0, 0, b"") == 1


def main():
    """Serve until the input ends."""
    reservoir_nl, fw_digest, reset_cause = int(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3])
    uid, noise_seed = bytes.fromhex(sys.argv[4]), bytes.fromhex(sys.argv[5])
    source = sys.stdin.buffer
    sink = sys.stdout.buffer
    store = VmStore(source, sink)
    board = LockstepBoard(
        store, noise_seed, reservoir_nl=reservoir_nl, fw_digest=fw_digest, uid=uid, reset_cause=reset_cause
    )
    gc.collect()
    version = ".".join([str(part) for part in sys.implementation.version[:3]])
    sink.write(struct.pack(BANNER, ("%s %s on %s" % (sys.implementation.name, version, sys.platform)).encode()))
    request = board.request
    reply = memoryview(board.reply)
    while source.readinto(request) == len(request):
        if request[0] == 0xFF and request[:4] == HEAP_QUERY:
            gc.collect()
            sink.write(struct.pack("<II", gc.mem_alloc(), gc.mem_free()))
            continue
        store.posted = request[POSTED_AT] >= POSTED
        request[POSTED_AT] &= POSTED - 1
        count = board.bytes_wanted()
        sink.write(reply[: board.exchange(source.read(count) if count else b"")])
