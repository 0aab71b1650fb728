"""What the tests of the wire share: golden frames, bodies and streams to draw, counters, both receivers.

    from wire_cases import GOLDEN, READERS, streams

The reference codec is that of protocol/: it shares nothing with pumplink.
"""

import json
import sys
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from pumphost import wire
from pumplink import frame

PROTOCOL = Path(__file__).resolve().parents[1] / "protocol"
sys.path.insert(0, str(PROTOCOL))  # reference_codec is no part of the distribution
import reference_codec  # noqa: E402

VECTORS = json.loads((PROTOCOL / "vectors.json").read_text(encoding="utf-8"))
GOLDEN = {row["name"]: (bytes.fromhex(row["body"]), bytes.fromhex(row["wire"])) for row in VECTORS["golden"]}
READERS = {"pump": frame.FrameReader, "host": wire.FrameReader}
NIGHTLY = settings.default.max_examples >= 2_000
Reader = frame.FrameReader | wire.FrameReader

bodies = st.builds(
    frame.pack_body,
    st.sampled_from([frame.REQ, frame.RSP, frame.EVT]),
    st.integers(0, 255),
    st.binary(max_size=230) | st.lists(st.sampled_from([0, 0, 1, 3, 0xFF]), max_size=230).map(bytes),
    st.integers(0, 2**32 - 1),
    st.integers(0, 0xFFFF),
    st.integers(0, 255),
)
wires = bodies.map(reference_codec.wire_of)
noise = st.binary(max_size=30) | st.integers(200, 600).map(lambda n: b"\x5a" * n)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame with a few bytes changed, removed or put in."""
    sent = bytearray(draw(wires))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(sent) - 1))
        sent[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
        sent = sent or bytearray(1)
    return bytes(sent)


sealed_nonsense = st.binary(max_size=250).map(lambda data: reference_codec.stuffed_wire(data.replace(b"\0", b"\1")))
sealed_bodies = st.binary(max_size=240).map(reference_codec.wire_of)
streams = st.lists(wires | noise | damaged() | sealed_nonsense | sealed_bodies | st.just(b"\0"), max_size=8).map(
    b"".join
)


def counts(reader: Reader) -> dict[str, int]:
    return {name: getattr(reader, name) for name in reference_codec.COUNTERS}
