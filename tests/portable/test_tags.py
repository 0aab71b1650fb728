"""HMAC, session keys and tags as a pump makes them, on both interpreters.

    micropython tests/portable/run.py test_tags

The vectors are made with `hmac` and `hashlib` of CPython; see tests/test_tags.py.
"""

import json
from binascii import hexlify, unhexlify

from pumplink.digest import digest8
from pumplink.frame import FrameReader, encode
from pumplink.tags import TagKey, same, session_keys, transcript

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."


def vectors():
    with open(HERE + "/../../protocol/vectors.json", encoding="utf-8") as file:
        return json.load(file)


def test_published_values():
    # RFC 4231, section 4
    for key, data, expected in (
        (b"\x0b" * 20, b"Hi There", b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"\xaa" * 20, b"\xdd" * 50, b"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    ):
        assert hexlify(TagKey(key).mac(data)) == expected
        assert hexlify(TagKey(key).tag(data[:2], data[2:])) == expected[:32]


def test_a_key_changes_in_its_place():
    key = TagKey(b"\xff" * 32)
    key.change(b"\x0b" * 20)
    assert key.mac(b"Hi There") == TagKey(b"\x0b" * 20).mac(b"Hi There")


def test_session():
    data = vectors()
    keys = data["session_keys"]
    bodies = {row["name"]: unhexlify(row["body"]) for row in data["session"]}
    hello, answer = [unhexlify(row["body"]) for row in data["session"][:2]]
    both = transcript(hello, answer)
    to_pump, to_host = session_keys(unhexlify(keys["key"]), both)
    assert (to_pump, to_host) == (unhexlify(keys["h2p"]), unhexlify(keys["p2h"]))
    to_pump, to_host = TagKey(to_pump), TagKey(to_host)
    signed = 0
    for row in data["session"]:
        body = bodies[row["name"]]
        assert encode(body) == unhexlify(row["wire"]), row
        assert FrameReader().feed(unhexlify(row["wire"])) == [body], row
        if not row["signed"]:
            continue
        if row["way"] == "h2p":
            tag = to_pump.tag(body[:-16])
        elif row["answers"]:
            tag = to_host.tag(bodies[row["answers"]][-16:], body[:-16])
        else:
            tag = to_host.tag(bytes(16), body[:-16])
        assert same(tag, body[-16:]), row
        signed += 1
    assert signed >= 12


def test_what_must_not_be_believed():
    data = vectors()
    to_pump, to_host = [TagKey(unhexlify(data["session_keys"][name])) for name in ("h2p", "p2h")]
    for row in data["session_reject"]:
        body, asked = unhexlify(row["body"]), unhexlify(row["request"])
        if row["why"].endswith("signed"):
            assert same(to_pump.tag(body[:-16]), body[-16:]), row  # refused for another reason
        elif row["to"] == "pump":
            assert not same(to_pump.tag(body[:-16]), body[-16:]), row
        elif body[0] & 15 == 1:
            assert not same(to_host.tag(asked[-16:], body[:-16]), body[-16:]), row
        else:
            assert not same(to_host.tag(bytes(16), body[:-16]), body[-16:]), row


def test_same_looks_at_every_bit():
    tag = bytes(range(16))
    assert same(tag, bytearray(tag))
    for at in range(128):
        other = bytearray(tag)
        other[at // 8] ^= 1 << at % 8
        assert not same(tag, other), at
    assert not same(tag, tag[:15])
    assert not same(tag, tag + b"\0")


def test_digests_and_chain():
    data = vectors()
    for row in data["digests"]:
        assert hexlify(digest8(unhexlify(row["ticket"]), unhexlify(row["covers"]))) == row["digest"].encode(), row
    before = unhexlify(data["chain"]["before"])
    for row in data["chain"]["records"]:
        before = digest8(before, unhexlify(row["record"]))
        assert before == unhexlify(row["chain"]), row
