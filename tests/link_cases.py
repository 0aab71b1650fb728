"""What the tests of sessions and keys share: signed frames of any role, answers in words, what must not change.

    bench = Bench(); session = opened(bench, codes.PATIENT)
    asked(bench, messages.STOP.id, b"\\x01").status            # codes.FORBIDDEN, under a good tag

The tags are those of link_client.py, made with `hmac` and `hashlib`.
"""

from __future__ import annotations

import struct
from typing import Any

from link_client import BLOCK, Open
from pump_driver import Bench, Reply

from pumplink import codes, frame, messages

PIECE = 200  # bytes of a provisioning block in one frame
SIGNED_ROLES = (codes.PATIENT, codes.CLINICIAN, codes.SERVICE, codes.TESTER)


def opened(bench: Bench, role: int) -> Open:
    """A new session with this role."""
    answer = bench.client.open(role)
    assert answer[10] == codes.OK, answer.hex()
    assert bench.client.session
    return bench.client.session


def signed(bench: Bench, msg_id: int, payload: bytes = b"", seq: int | None = None) -> bytes:
    """Body of any message in the session that is there, whether the table allows it or not."""
    client = bench.client
    assert client.session
    if seq is None:
        client.seq += 1
        seq = client.seq
    return client.session.sign(msg_id, payload, seq)


def bare(msg_id: int, payload: bytes = b"", seq: int = 1) -> bytes:
    """Body of a request without session and tag."""
    return frame.pack_body(frame.REQ, msg_id, payload, seq)


def replies(bench: Bench, body: bytes) -> list[Reply]:
    """What comes back for a body; a tag that is there must be good."""
    return [bench.read(reply, body) for reply in bench.exchange(frame.encode(body))]


def answered(bench: Bench, body: bytes) -> Reply:
    (reply,) = replies(bench, body)
    return reply


def asked(bench: Bench, msg_id: int, payload: bytes = b"") -> Reply:
    """The answer to any message in the session that is there."""
    return answered(bench, signed(bench, msg_id, payload))


def refusal(bench: Bench, body: bytes) -> tuple[int, int, int]:
    reply = answered(bench, body)
    return reply.status, reply.detail, reply.info


def settled(bench: Bench) -> dict[str, Any]:
    """STATUS without what passes by itself or counts frames."""
    return {name: value for name, value in bench.status().items() if name not in ("uptime", "log_next", "last_seq")}


def stored(bench: Bench) -> dict[int, bytes]:
    """All bytes of the store."""
    return {area: bytes(content) for area, content in bench.store.areas.items()}


def stats(bench: Bench) -> dict[str, int]:
    return dict(bench.ask("LINK_STATS").values)


def seq_base(hello_reply: bytes) -> int:
    """Of the reply to HELLO: behind status, minor, sid, uid and boots."""
    return int(struct.unpack_from("<I", hello_reply, 10 + 1 + 1 + 2 + 8 + 4)[0])


def auth(bench: Bench, role: int, key: bytes | None = None, slot: int | None = None) -> bytes:
    """Body of an AUTH for this role after a new HELLO, good unless key or slot are others."""
    request, reply = bench.client.hello(role - 1 if slot is None else slot)
    made = bench.client.keys(role, request, reply, key)
    return made.sign(messages.AUTH.id, b"", bench.client.seq + 1)


def fail(bench: Bench, times: int, every_ms: int = 100) -> list[int]:
    """So many AUTHs with a wrong key; the statuses of the answers."""
    told = []
    for _ in range(times):
        bench.run_for(every_ms)
        told.append(answered(bench, auth(bench, codes.CLINICIAN, bytes(32))).status)
    return told


def fit_jumper(bench: Bench, on: bool = True) -> None:
    """The bench must have been made with `fitted=(codes.SENSE_JUMPER,)`."""
    bench.sense(codes.SENSE_JUMPER, int(on))


def at_pump() -> Bench:
    """A stopped pump with the jumper fitted."""
    bench = Bench(fitted=(codes.SENSE_JUMPER,))
    fit_jumper(bench)
    return bench


def piece(block: bytes, offset: int, count: int = PIECE) -> bytes:
    """Body of one PROVISION."""
    return bare(messages.PROVISION.id, struct.pack("<HH", offset, len(block)) + block[offset : offset + count])


def provisioned(bench: Bench, block: bytes = BLOCK) -> Reply:
    """The whole block in order; the last answer, or the first refusal."""
    answer = Reply(codes.OK)
    for offset in range(0, len(block), PIECE):
        if answer.ok:
            answer = answered(bench, piece(block, offset))
    return answer


# values of a request that a pump in a fitting mode takes; those of LATER say a time that must not have passed
SAMPLES: dict[str, tuple[Any, ...]] = {
    "HELLO": (1, 0, 0, messages.SCHEMA, bytes(16)), "GET_ORDER": (1,), "GET_PROGRAM": (0, 0), "GET_ALARMS": (0,),
    "GET_COUNTERS": (0,), "PREPARE_BOLUS": (9_001, 20_000, 600_000, 0), "STAGE_BEGIN": (9_002, 0, 0x7F, 1, 480_000),
    "STAGE_STEPS": (0, 1, struct.pack("<HI", 0, 480_000)), "PREPARE_PROGRAM": (9_002,),
    "PREPARE_PATIENT_BOLUS": (9_003, 20_000, 600_000, 1_800_000, 6, 0, 0), "PREPARE_PRIME": (9_004, 10_000, 0),
    "PREPARE_REFILL": (9_005, messages.U30, 18_000_000, b"saline\0\0", 1_000_000),
    "PREPARE_CLOCK": (9_006, 86_400_000, 0, 0, 0), "COMMIT": (bytes(8), bytes(8), 1), "CANCEL": (bytes(8),),
    "STOP": (codes.STOP_CLINICIAN,), "PREPARE_MODE": (9_007, codes.SCHEDULE, 0, 0), "ABORT_BOLUS": (1,),
    "ACK_ALARM": (codes.ALARM_LINK, 0), "REQUEST_BOLUS": (9_008,), "SILENCE": (1_000,), "LOG_INFO": (0,),
    "LOG_READ": (0, 0, 1), "LOG_SUBSCRIBE": (0, 0), "CALIBRATE": (9_009, 43_100, 0),
    "PREPARE_PERIODIC": (9_010, 10_000, 60_000, 3_600_000), "PREPARE_BRIDGE": (9_011, 10_000, 480_000),
    "PROVISION": (0, 380, BLOCK[:PIECE]), "INJECT": (0, 0, 0, 0), "LINK_FAULT": (0, 1, 0), "REBOOT": (0,),
}  # fmt: skip
LATER = ("ABORT_BOLUS", "ACK_ALARM", "REQUEST_BOLUS", "SILENCE")


def sample(bench: Bench, name: str) -> bytes:
    """Payload of a good request by this name, now."""
    message: messages.Message = getattr(messages, name)
    values = SAMPLES.get(name, ())
    return message.request.pack(values + ((bench.now_ms + 10_000,) if name in LATER else ()))
