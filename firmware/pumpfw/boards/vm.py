"""The firmware in a MicroPython process: lockstep exchanges over standard input and output.

    micropython -m start RESERVOIR_NL FIRMWARE_DIGEST_HEX RESET_CAUSE UID_HEX NOISE_SEED_HEX

Ends at the end of its input, so that it never outlives the rig. A request of all 0xFF asks for the
heap: the answer is two u32, bytes in use after a collection and bytes free. At the start it says which
interpreter it is.

Between a request and its reply come the calls of the store, each answered before the firmware goes on:

    call    1 read | 2 append | 3 erase u8, area u8, offset u32, bytes u32, padded to a reply    + bytes to append
    answer  u32: bytes that follow, or 1 for done and 0 for not                                  + bytes read

The rig adds POSTED to the number of changed inputs while nothing can fail to be written: then append and erase get no
answer and are done, and short ones go out with the reply. The rig carries them out before it looks at the reply, in
order, so nothing else differs; a power cut among them ends the firmware before anybody has seen what it did after it.
A read asks for more than is wanted: what is stored changes within a wake only by what the firmware writes itself.
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
_AHEAD = 160  # bytes read at once: a store is read in small pieces, one behind the other
_HELD = 64  # bytes of calls that go out with the reply


class VmStore:
    """Asks the rig's store and waits for the answer."""

    def __init__(self, source, sink):
        self._source = source
        self._sink = sink
        self._out = bytearray(_HELD)
        self._view = memoryview(self._out)
        self._call = self._view[:REPLY_SIZE]
        self.held = 0  # bytes of calls in it
        self._answer = bytearray(4)
        self._ahead = bytearray(_AHEAD)  # of `area` from `_at` on; area -1: nothing is known
        self.area = -1
        self._at = self._found = 0
        self.posted = False

    def send(self, data):
        """Write what is held and `data` behind it, in one piece if it fits."""
        at = self.held
        if at + len(data) > _HELD:
            self._flush()
            self._sink.write(data)
            return
        self._out[at : at + len(data)] = data
        self.held = at + len(data)
        self._flush()

    def _flush(self):
        if self.held:
            self._sink.write(self._view[: self.held])
            self.held = 0

    def _ask(self, call, area, offset, count, data):
        answered = call == STORE_READ or not self.posted
        size = REPLY_SIZE + len(data)
        if answered or self.held + size > _HELD:
            self._flush()
        at = self.held
        struct.pack_into(STORE_CALL, self._out, at, call, area, offset, count)
        if not answered and size <= _HELD:
            self._out[at + REPLY_SIZE : at + size] = data
            self.held = at + size
            return 1
        self._sink.write(self._call)
        if data:
            self._sink.write(data)
        if not answered:
            return 1
        if self._source.readinto(self._answer) != 4:
            raise SystemExit  # the power is gone
        return struct.unpack_from("<I", self._answer, 0)[0]

    def read(self, area, offset, count):
        at = self._at
        if self.area != area or offset < at or (offset + count > at + self._found and self._found == _AHEAD):
            self.area = -1
            if count > _AHEAD:
                data = bytearray(count)  # before the question: nothing may fail between it and the answer
                found = self._ask(STORE_READ, area, offset, count, b"")
                if found:
                    self._source.readinto(data, found)
                return data if found == count else data[:found]
            found = self._ask(STORE_READ, area, offset, _AHEAD, b"")
            if found:
                self._source.readinto(self._ahead, found)
            self.area, self._at, self._found = area, offset, found
            at = offset
        return self._ahead[offset - at : min(offset - at + count, self._found)]

    def append(self, area, data, more=False):
        self.area = -1
        return self._ask(STORE_APPEND, area, 0, len(data), data) == 1

    def erase(self, area):
        self.area = -1
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
        store.area = -1  # between two wakes anything may happen to what is stored
        request[POSTED_AT] &= POSTED - 1
        count = board.bytes_wanted()
        count = board.exchange(source.read(count) if count else b"")
        if store.held:
            store.send(reply[:count])
        else:
            sink.write(reply[:count])
