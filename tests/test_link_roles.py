"""Who may do what: every message, under every role, in every mode, against a table written down here by hand.

    python -m pytest tests/test_link_roles.py

The table is that of the protocol, chapter 2, and says nothing that the message table of the project could be read for.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from link_cases import SIGNED_ROLES, answered, asked, bare, opened, refusal, sample, signed, stored
from pump_cases import mode, running
from pump_driver import MINUTE_MS, Bench, Reply

from pumplink import codes, messages

# V: without a session too; P patient, C clinician, S service, T tester; "": nobody in a session
ALLOWED = {
    "HELLO": "V", "AUTH": "PCST", "CLOSE": "PCST", "IDENTIFY": "VPCST", "STATUS": "VPCST", "LINK_STATS": "VPCST",
    "GET_LIMITS": "PCST", "GET_ORDER": "PCST", "GET_PROGRAM": "CST", "GET_ALARMS": "PCST", "GET_RESERVOIR": "PCST",
    "GET_COUNTERS": "PCST", "GET_BOLUS_SETTINGS": "PCST", "PREPARE_BOLUS": "C", "STAGE_BEGIN": "C", "STAGE_STEPS": "C",
    "PREPARE_PROGRAM": "C", "PREPARE_PATIENT_BOLUS": "C", "PREPARE_PRIME": "CS", "PREPARE_REFILL": "C",
    "PREPARE_CLOCK": "CS", "COMMIT": "CS", "CANCEL": "CS", "STOP": "CST", "PREPARE_MODE": "C", "ABORT_BOLUS": "C",
    "ACK_ALARM": "C", "REQUEST_BOLUS": "PC", "SILENCE": "CS", "LOG_INFO": "CST", "LOG_READ": "CST",
    "LOG_SUBSCRIBE": "CST", "CALIBRATE": "S", "PREPARE_PERIODIC": "C", "PREPARE_BRIDGE": "C", "PROVISION": "",
    "KEY_LIST": "S", "INJECT": "T", "LINK_FAULT": "T", "REBOOT": "T",
}  # fmt: skip
LETTERS = {codes.PATIENT: "P", codes.CLINICIAN: "C", codes.SERVICE: "S", codes.TESTER: "T"}
ACTING = ("AUTH", "CLOSE", "PREPARE", "STAGE", "COMMIT", "CANCEL", "STOP", "ABORT", "ACK", "REQUEST", "SILENCE",
          "CALIBRATE", "PROVISION", "INJECT", "LINK_FAULT", "REBOOT")  # fmt: skip
NOT_ALLOWED = {codes.FORBIDDEN, codes.UNKNOWN_MSG, codes.NO_SESSION, codes.AUTH_FAILED, codes.PRESENCE_REQUIRED}


def two_phases(prepared: Reply, bench: Bench) -> None:
    assert bench.commit(prepared).ok


def in_mode(name: str) -> Bench:
    """A pump in this mode, with the jumper and all sensors of the cover fitted and none of them doing anything."""
    bench = running(fitted=(codes.SENSE_JUMPER, codes.SENSE_COVER))
    make: dict[str, Callable[[], object]] = {
        "schedule": lambda: None,
        "stopped": bench.stop,
        "minimum-rate": lambda: two_phases(
            bench.ask("PREPARE_MODE", bench.new_order(), codes.MINIMUM_RATE, 0, 0), bench
        ),
        "patient-bolus": bench.bolus,
        "clinician-bolus": lambda: two_phases(
            bench.ask("PREPARE_BOLUS", bench.new_order(), 20_000, 10 * MINUTE_MS, 0), bench
        ),
        "prime": lambda: (
            bench.stop(),
            two_phases(bench.ask("PREPARE_PRIME", bench.new_order(), 500_000, 0), bench),
        ),
        "fault": lambda: (bench.sense(codes.SENSE_COVER, 1), bench.run_for(0)),
    }
    make[name]()
    assert mode(bench) == name
    return bench


MODES = [name for name in codes.MODES if name != "boot"]  # which is over before the first frame is read


def facts(bench: Bench) -> tuple[bytes, object, object, object, int]:
    """What a refused message may not change: all that is durable, what flows, what is prepared, alarms."""
    programming, pump = bench.pump.link.programming, bench.pump
    prepared = programming.ticket.id, programming.ticket.kind, programming.order, programming.staged.n
    flow = pump.mode, pump.basal, pump.ramp.order
    return bench.snapshot(), flow, prepared, bench.motor.packets[:], pump.alarms.bits()


def payload_of(bench: Bench, name: str) -> bytes:
    """Of a good request; where its work would be in the way it is one byte too long: allowed, and then refused."""
    return sample(bench, name) + (b"\0" if ALLOWED[name] == "T" or name == "LOG_SUBSCRIBE" else b"")


def test_the_table_is_the_one_of_the_project() -> None:
    """SEC-03: nothing is missing in either, and the roles are the same."""
    told = {}
    for message in messages.TABLE:
        letters = "V" * (message.roles & 1)
        told[message.name] = letters + "".join(LETTERS[role] for role in SIGNED_ROLES if message.roles >> role & 1)
    assert told == ALLOWED
    assert {message.name for message in messages.TABLE if message.acts} == {
        name for name in ALLOWED if name.startswith(ACTING)
    }


@pytest.mark.parametrize("role", SIGNED_ROLES, ids=[codes.ROLES[role] for role in SIGNED_ROLES])
@pytest.mark.parametrize("name", MODES)
def test_15_a_role_may_what_the_table_says_and_nothing_else(name: str, role: int) -> None:
    """Invariant 15, SEC-03: FORBIDDEN exactly where the table has no letter, and then nothing at all has changed."""
    refused = [row for row in ALLOWED if LETTERS[role] not in ALLOWED[row]]
    bench = in_mode(name)
    opened(bench, role)
    before = facts(bench)
    for row in refused:
        wanted = codes.FORBIDDEN if ALLOWED[row] else codes.UNKNOWN_MSG
        assert asked(bench, getattr(messages, row).id, payload_of(bench, row)).status == wanted, row
        assert facts(bench) == before, row
    for row in ALLOWED:
        if row not in refused:
            bench = in_mode(name)
            opened(bench, role)
            assert asked(bench, getattr(messages, row).id, payload_of(bench, row)).status not in NOT_ALLOWED, row
    assert len(refused) == {codes.PATIENT: 28, codes.CLINICIAN: 7, codes.SERVICE: 17, codes.TESTER: 21}[role]


@pytest.mark.parametrize("name", MODES)
def test_15_without_a_session_four_messages_and_no_more(name: str) -> None:
    """Invariant 15, SEC-01, SEC-03: HELLO, IDENTIFY, STATUS, LINK_STATS; the rest changes nothing, flags or not."""
    bench = in_mode(name)
    opened(bench, codes.CLINICIAN)  # somebody's session is no help to a stranger
    # but that they were refused is on record, until the alarm says that there are more
    before = facts(bench)
    heard = []
    for row in ALLOWED:
        bench.run_for(0)
        bench.pump.link._hinted = -1_000  # every one is answered
        reply = answered(bench, bare(getattr(messages, row).id, sample(bench, row)))
        heard += [row] if reply.ok else []
        assert reply.ok or reply.status in (codes.NO_SESSION, codes.PRESENCE_REQUIRED), row
    assert heard == ["HELLO", "IDENTIFY", "STATUS", "LINK_STATS"]
    after = facts(bench)
    assert after[:4] == before[:4]
    assert after[4] == before[4] | 1 << codes.ALARM_LINK


@pytest.mark.parametrize("name", MODES)
def test_15_with_the_jumper_provisioning_too(name: str) -> None:
    """Invariant 15, SEC-08: and only while the pump is stopped."""
    bench = in_mode(name)
    bench.sensors.forced[codes.SENSE_JUMPER] = 1
    before, areas = facts(bench), stored(bench)
    answer = refusal(bench, bare(messages.PROVISION.id, sample(bench, "PROVISION")))
    if name == "stopped":
        assert answer[0] == codes.OK
        return
    assert answer == (codes.WRONG_MODE, 0, codes.MODES.index(name))
    assert facts(bench) == before
    assert {area: stored(bench)[area] for area in (28, 29)} == {area: areas[area] for area in (28, 29)}


def test_a_role_that_is_claimed_must_be_that_of_the_session() -> None:
    """SEC-01: the role is under the tag; a patient who claims to be a clinician with a good tag is a stranger."""
    bench = running()
    session = opened(bench, codes.PATIENT)
    before = facts(bench)
    for role in (codes.VIEW, codes.CLINICIAN, codes.SERVICE, codes.TESTER, 5, 6, 7):
        bench.run_for(100)
        body = session.sign(messages.STOP.id, b"\x01", bench.seq + 1, flags=1 | role << 4)
        assert refusal(bench, body) == (codes.AUTH_FAILED, 0, 0)
    assert facts(bench)[:4] == before[:4]


def test_a_patient_reads_and_asks_for_a_bolus() -> None:
    """SEC-03: what that role is for works; it changes no program, limit, clock, calibration or reservoir."""
    bench = running()
    opened(bench, codes.PATIENT)
    assert asked(bench, messages.REQUEST_BOLUS.id, sample(bench, "REQUEST_BOLUS")).ok
    assert mode(bench) == "patient-bolus"
    assert asked(bench, messages.GET_BOLUS_SETTINGS.id)["volume"] == 20_000


def test_33_unknown_messages_of_every_number() -> None:
    """Invariant 33: each of the 256 ids that is no request: UNKNOWN_MSG under any role, and nothing has changed."""
    known = {message.id for message in messages.TABLE if message.roles}
    for role in SIGNED_ROLES:
        bench = running()
        opened(bench, role)
        before = facts(bench)
        for msg_id in sorted(set(range(256)) - known):
            reply = answered(bench, signed(bench, msg_id, b"\x01\0\0\0"))
            assert reply.status == codes.UNKNOWN_MSG, f"{msg_id:#x}"
        assert facts(bench) == before
