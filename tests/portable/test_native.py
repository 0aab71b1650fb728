"""The codec as machine code against the same in Python: results, errors, and not one byte beside what is meant.

    micropython tests/portable/run.py test_native

It needs a MicroPython with the native emitter; elsewhere it says that it saw nothing. The reader of `pumplink.frame`
is tested here over both, whichever of them that module has chosen for itself.
"""

import gc
import json
import sys
from binascii import unhexlify

from pumplink import cobs, crc32c, frame

try:
    from pumplink import native
except (ImportError, SyntaxError):
    native = None

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
COUNTERS = ("ok", "bad_crc", "bad_cobs", "bad_len", "oversize")
GUARD = 0x77
PYTHON = {
    "write_k": crc32c.write_k, "encode_into": cobs.encode_into, "decode_into": cobs.decode_into,
    "take_part": cobs.take_part,
}  # fmt: skip


def vectors():
    with open(HERE + "/../../protocol/vectors.json", encoding="utf-8") as file:
        return json.load(file)


def machine_code():
    """The module, or None and a word about it."""
    if native is None:
        print("MACHINE CODE NOT TESTED: this interpreter has no native emitter, or these files are built without it")
    return native


def frame_in_python():
    """`pumplink.frame` as it is where there is no machine code."""
    kept = {name: sys.modules.pop(name, None) for name in ("pumplink.native", "pumplink.frame")}
    sys.modules["pumplink.native"] = sys  # from which nothing of it can be imported
    try:
        found = __import__("pumplink.frame", None, None, ("encode",))
    finally:
        for name in sorted(kept):
            sys.modules.pop(name, None)
            if kept[name] is not None:
                sys.modules[name] = kept[name]
    assert not found.NATIVE
    return found


def junk():
    """Bytes with many zeros and small codes, each time the same ones."""
    state = 7
    for size in range(0, 260, 3):
        data = bytearray(size)
        for at in range(size):
            state = (state * 1103515245 + 12345) & 0x3FFFFFFF
            data[at] = (state >> 16) % (7, 256, 3)[size % 3]
        yield data


def said(call, *arguments):
    """(result, None) or (None, kind of the error)."""
    try:
        return call(*arguments), None
    except (IndexError, ValueError) as error:
        return None, type(error)


def alike(name, before, size, after):
    """Call both with an output of `size` bytes between these arguments; result, error and all of it alike."""
    slow, fast = bytearray([GUARD] * size), bytearray([GUARD] * size)
    expected = said(PYTHON[name], *before, slow, *after)
    got = said(getattr(native, name), *before, fast, *after)
    assert got == expected, (name, before, size, after, got, expected)
    if expected[1]:
        slow = bytearray([GUARD] * size)  # machine code looks first
    assert fast == slow, (name, before, size, after)


def test_codec_in_use():
    print("codec of pumplink.frame: %s" % ("machine code" if frame.NATIVE else "Python"))
    assert bool(native) == frame.NATIVE
    assert frame.write_k is (native or crc32c).write_k
    assert frame.take_part is (native or cobs).take_part


def test_mpy_crc_as_in_python():
    if machine_code() is None:
        return
    buffer = bytearray(b"123456789" + bytes(5))
    assert native.write_k(buffer, 0, 9, buffer, 9) == 14
    assert bytes(buffer[9:]) == b"\x83\xa5\x9a\x98\x8e"  # E3069283 in groups of seven bits, by hand
    for data in junk():
        size = len(data)
        for start, end in ((0, size), (size // 3, size - size // 4)):
            for room in (7, 8, 12):
                alike("write_k", (data, start, end), room, (3,))
        sealed = data + bytes(5)
        crc32c.write_k(sealed, 0, size, sealed, size)
        for at in range(size, size + 5):
            for bit in range(8):
                assert native.check_k(sealed, 0, size, bytearray(5))
                sealed[at] ^= 1 << bit
                assert not native.check_k(sealed, 0, size, bytearray(5)), (size, at, bit)
                sealed[at] ^= 1 << bit
        assert not native.check_k(sealed, 0, size + 1, bytearray(5))


def test_mpy_stuffing_as_in_python():
    if machine_code() is None:
        return
    for data in junk():
        size = len(data)
        for room in (size + 3, size + 9, size + 2):
            alike("encode_into", (data, 0, size), room, (2,))
        for start, end in ((0, size), (size // 3, size - size // 4)):
            alike("decode_into", (data, start, end), 250, (0,))
        if size <= 240:
            stuffed = bytearray(size + 1)
            cobs.encode_into(data, 0, size, stuffed, 0)
            for end in range(size // 2, size + 2):  # one of them is whole
                alike("decode_into", (bytes(stuffed), 0, end), 250, (3,))
            assert native.decode_into(stuffed, 0, size + 1, stuffed, 0) == size, "in place"
            assert stuffed[:size] == data
        for fill in (0, 100, 245, 246):
            alike("take_part", (data, size // 5, size), 246, (fill,))


def test_mpy_machine_code_leaves_no_buffer():
    """A pointer would write on; every length is looked at before."""
    if machine_code() is None:
        return
    short = bytearray(8)
    for call, arguments in (
        (native.write_k, (short, 0, 9, short, 0)), (native.write_k, (short, 0, 4, short, 4)),
        (native.write_k, (short, -1, 4, short, 0)), (native.write_k, (short, 0, 4, short, -1)),
        (native.check_k, (short, 0, 3, bytearray(4))),
        (native.encode_into, (short, 0, 9, bytearray(20), 0)), (native.encode_into, (short, 0, 8, bytearray(8), 0)),
        (native.encode_into, (short, 4, 2, bytearray(8), 0)), (native.encode_into, (short, 0, 2, bytearray(8), -3)),
        (native.decode_into, (short, 0, 9, bytearray(20), 0)), (native.decode_into, (short, 0, 8, bytearray(6), 0)),
        (native.decode_into, (short, -1, 4, bytearray(20), 0)), (native.decode_into, (short, 0, 4, bytearray(8), -1)),
        (native.take_part, (short, 0, 9, bytearray(20), 0)), (native.take_part, (short, -2, 4, bytearray(20), 0)),
        (native.take_part, (short, 0, 4, bytearray(20), -1)),
    ):  # fmt: skip
        assert said(call, *arguments) == (None, IndexError), arguments[1:]
    assert short == bytes(8)
    beyond = bytearray(9)
    assert native.take_part(b"\x55" * 9, 0, 9, memoryview(beyond)[:4], 1) == 9
    assert beyond == b"\0\x55\x55\x55" + bytes(5)
    assert said(native.encode_into, bytearray(241), 0, 241, bytearray(300), 0) == (None, ValueError)


def test_both_readers_on_every_vector():
    data = vectors()
    good = data["golden"][0]
    for module in (frame, frame_in_python()):
        for row in data["golden"] + data["messages"]:
            assert module.encode(unhexlify(row["body"])) == unhexlify(row["wire"])
        for row in data["reject"]:
            reader = module.FrameReader()
            assert reader.feed(unhexlify(row["stream"])) == [], row
            found = [getattr(reader, name) for name in COUNTERS]
            assert found == [row["times"] if name == row["counter"] else 0 for name in COUNTERS], row
            assert reader.feed(unhexlify(good["wire"])) == [unhexlify(good["body"])], row


def test_mpy_rejected_input_allocates_nothing_in_python_either():
    """As test_wire does it with the codec in use."""
    streams = [unhexlify(row["stream"]) for row in vectors()["reject"]]
    reader = frame_in_python().FrameReader()
    bodies = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(2):  # the first round pays for what is made once
            before = gc.mem_alloc()
            for _ in range(50):
                for stream in streams:
                    reader.feed(stream, bodies)
            grown = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert bodies == []
    assert reader.bad_crc > 1000
    assert grown <= 64, grown  # the counters of the measurement itself
