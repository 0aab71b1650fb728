"""What the pump says by itself: events, their tags and their pace, subscriptions (F54, SEC-10, invariant 36).

python -m pytest tests/test_link_events.py
"""

from __future__ import annotations

import itertools
import struct

import pytest
from pump_driver import HOUR_MS, MINUTE_MS, SECOND_MS, Bench, Reply

from pumplink import codes, messages

RATE = 960_000
LAYOUTS = {message.id: message for message in messages.EVENTS}


def running() -> Bench:
    bench = Bench(fitted=(codes.SENSE_OUTLET, codes.SENSE_BUTTON))
    bench.set_up([(0, RATE)])
    assert bench.settings(20_000, 10 * MINUTE_MS, HOUR_MS, 6).ok
    assert bench.start().ok
    bench.run_for(MINUTE_MS)
    heard(bench)
    return bench


def heard(bench: Bench) -> list[tuple[str, dict]]:
    """Events since the last call as (name, fields); each must be signed, all in the order of their numbers."""
    bench.exchange(b"")
    bodies, bench.events = bench.events, []
    found = []
    for body in bodies:
        layout = LAYOUTS[body[2]]
        payload = body[10:]
        if layout is not messages.EVT_BOOT:
            assert bench.client.session
            assert bench.client.session.genuine_event(body), "SEC-10"
            assert body[4:6] == bench.client.session.sid.to_bytes(2, "little")
            payload = body[10:-16]
        names = [field.name for field in layout.reply.fields]
        found.append((layout.name, dict(zip(names, layout.reply.unpack(payload), strict=True))))
    return found


def numbers(bench: Bench) -> list[int]:
    return [struct.unpack_from("<I", body, 6)[0] for body in bench.events]


def test_a_boot_is_told_without_a_tag() -> None:
    """PWR-05: number of boots, cause, digest of the firmware."""
    bench = running()
    bench.reset(codes.RESET_WATCHDOG)
    (event,) = heard(bench)
    assert event == ("EVT_BOOT", {"boot": 2, "cause": codes.RESET_WATCHDOG, "fw_digest": bytes(8)})


def test_an_alarm_and_the_end_of_a_bolus_are_told_in_a_session() -> None:
    bench = running()
    order = bench.new_order()
    assert bench.bolus(order).ok
    raised_ms = bench.now_ms + MINUTE_MS
    bench.run_until(raised_ms)
    bench.sense(codes.SENSE_OUTLET, 70_001)
    bench.run_for(SECOND_MS)
    events = heard(bench)
    alarms = {fields["code"]: fields for name, fields in events if name == "EVT_ALARM"}
    occlusion = alarms[codes.ALARM_OCCLUSION]
    assert (occlusion["priority"], occlusion["state"], occlusion["since"]) == (2, codes.ALARM_ACTIVE_NOW, raised_ms)
    assert codes.ALARM_BOLUS_CUT in alarms
    dose = next(fields for name, fields in events if name == "EVT_DOSE")
    assert (dose["order"], dose["state"], dose["delivered"]) == (order, codes.INTERRUPTED, 2_000), "1 of 10 min"


def test_events_of_a_session_are_numbered_from_one_and_never_closer_than_100_ms() -> None:
    bench = running()
    assert bench.bolus().ok
    bench.sense(codes.SENSE_OUTLET, 70_001)  # which ends the bolus: two alarms and a dose
    begun_ms, seen = bench.now_ms, []
    while bench.now_ms < begun_ms + SECOND_MS:
        bench.exchange(b"")
        seen += [(bench.now_ms, body) for body in bench.events]
        bench.events = []
        bench.run_for(10)
    times = [t_ms for t_ms, _ in seen]
    assert len(times) >= 3
    assert all(after - before >= 100 for before, after in itertools.pairwise(times)), times
    first = struct.unpack_from("<I", seen[0][1], 6)[0]
    assert [struct.unpack_from("<I", body, 6)[0] for _, body in seen] == list(range(first, first + len(seen)))


def test_nothing_is_told_without_a_session() -> None:
    """SEC-03: a stranger hears that there was a boot, and nothing else."""
    bench = running()
    bench.run_for(4 * MINUTE_MS)  # 180 s without a request that acts
    assert heard(bench) == []
    bench.sense(codes.SENSE_OUTLET, 70_001)
    bench.run_for(MINUTE_MS)
    assert heard(bench) == []


@pytest.mark.parametrize("level,wanted", [(0, ()), (1, codes.FAULT_RECORDS), (2, tuple(codes.RECORDS))])
def test_a_subscriber_gets_the_very_records_that_the_log_keeps(level: int, wanted: tuple[int, ...]) -> None:
    bench = running()
    assert bench.ask("LOG_SUBSCRIBE", level, 0).ok
    before = bench.ask("LOG_INFO", 0)["next"]
    assert bench.bolus().ok
    bench.run_for(11 * MINUTE_MS // 11)
    assert bench.stop().ok
    bench.run_for(5 * SECOND_MS)
    told = [fields["record"] for name, fields in heard(bench) if name == "EVT_LOG"]
    kept = bench.ask("LOG_INFO", 0)["next"]
    rows = b"".join(bench.ask("LOG_READ", 0, place, 1)["records"] for place in range(before, kept))
    entries = [rows[at : at + 40] for at in range(0, len(rows), 40)]
    assert told == [entry for entry in entries if entry[21] in wanted]
    assert len(entries) >= 4


def test_the_status_comes_as_often_as_was_asked_for() -> None:
    """At most twice a second; what comes is what STATUS says."""
    bench = running()
    assert bench.ask("LOG_SUBSCRIBE", 0, 100).ok
    bench.run_for(10 * SECOND_MS + 100)
    events = heard(bench)
    assert [name for name, _ in events] == ["EVT_STATUS"] * 20
    status = bench.status()
    last = events[-1][1]
    assert {name for name in status if status[name] != last[name]} <= {
        "uptime",
        "delivered",
        "remaining",
        "last_24h",
        "since_fill",
        "next_change",
        "lockout_left",
    }
    assert [after["uptime"] - before["uptime"] for (_, before), (_, after) in itertools.pairwise(events)] == (
        [500] * 19
    )


def test_a_subscription_ends_with_its_session() -> None:
    bench = running()
    assert bench.ask("LOG_SUBSCRIBE", 2, 500).ok
    assert bench.client.open(codes.SERVICE)[10] == codes.OK
    bench.exchange(b"")
    bench.events.clear()
    bench.run_for(10 * SECOND_MS)
    assert heard(bench) == []


def test_a_host_that_never_reads_delays_nothing() -> None:
    """Invariant 36: packets come at the same instants whether anybody subscribes or not."""
    packets = []
    for subscribed in (False, True):
        bench = running()
        if subscribed:
            assert bench.ask("LOG_SUBSCRIBE", 2, 500).ok
        assert bench.bolus(4711).ok
        bench.run_for(2 * MINUTE_MS)
        packets.append(bench.motor.packets)
    assert packets[0] == packets[1]


def refused(reply: Reply) -> str:
    return codes.STATUS[reply.status][0]


def test_a_patient_may_not_subscribe() -> None:
    bench = running()
    assert bench.client.open(codes.PATIENT)[10] == codes.OK
    request = bench.client.session.sign(messages.LOG_SUBSCRIBE.id, struct.pack("<BH", 2, 0), bench.client.seq + 1)
    bench.client.seq += 1
    (body,) = bench.exchange(messages_wire(request))
    assert refused(bench.read(body, request)) == "FORBIDDEN"


def messages_wire(body: bytes) -> bytes:
    from pumplink import frame

    return bytes(frame.encode(body))
