"""What the programmer asks at once, and how it reads answers, against a scripted pump: bolus, stop, log, status."""

from __future__ import annotations

import dataclasses
import random
import struct

import pytest
from fake_pump import LIMITS, fake_pump, keys_of, refusal, rng, status_reply

from pumphost.errors import OutcomeUnknown, PumpError, Refused
from pumphost.programmer import Programmer, ReadBackDiffers
from pumplink import codes


def programmer():
    host, fake = fake_pump()
    return Programmer(host, keys=keys_of, rng=rng()), fake


# -- acting at once -----------------------------------------------------------------------------------


def test_a_bolus_is_valid_for_five_seconds_of_pump_time() -> None:
    pump, fake = programmer()
    fake.uptime_ms = 123_456
    grant = pump.bolus()
    order, valid_until_ms = fake.heard[-1][1]
    assert valid_until_ms == 128_456
    assert (grant.order, grant.volume_nl, grant.duration_ms) == (order, 20_000, 600_000)


def test_a_bolus_goes_under_a_new_order_unless_one_is_given() -> None:
    pump, fake = programmer()
    orders = [pump.bolus().order, pump.bolus().order, pump.bolus(77).order]
    assert len(set(orders)) == 3
    assert orders[2] == 77
    assert [values[0] for name, values in fake.heard if name == "REQUEST_BOLUS"] == orders


def test_an_order_id_is_not_used_twice_even_if_it_is_drawn_twice() -> None:
    class Stuck(random.Random):
        draws = iter([500, 11, 11, 11, 12])  # the sequence number, then order ids

        def randrange(self, *limits: int) -> int:
            return next(self.draws)

    host, _ = fake_pump()
    pump = Programmer(host, keys=keys_of, rng=Stuck())
    assert [pump.bolus().order, pump.bolus().order] == [11, 12]


def test_a_denied_bolus_is_refused_in_words() -> None:
    pump, fake = programmer()
    fake.say["REQUEST_BOLUS"] = lambda values: refusal(codes.MAX_COUNT, 0, 3_600_000)
    with pytest.raises(Refused, match=r"bolus refused: all boluses of 24 h given, 01:00 h until the next") as caught:
        pump.bolus()
    assert (caught.value.code, caught.value.name, caught.value.info) == (41, "MAX_COUNT", 3_600_000)


@pytest.mark.parametrize("state,happened", [
    (codes.RUNNING, True), (codes.DONE, True), (codes.CANCELLED, True), (codes.INTERRUPTED, True),
    (codes.NOT_SEEN, False), (codes.FORGOTTEN, None),
])  # fmt: skip
def test_a_bolus_without_an_answer_is_settled_by_its_order(state: int, happened: bool | None) -> None:
    pump, fake = programmer()
    fake.say["REQUEST_BOLUS"] = lambda values: fake.orders.__setitem__(values[0], state) or b""  # unreadable
    with pytest.raises(OutcomeUnknown) as caught:
        pump.bolus()
    outcome = pump.settle()
    assert outcome is not None
    assert outcome.happened is happened
    assert outcome.order is not None
    assert outcome.order.order == caught.value.order == fake.heard[-1][1][0]
    assert pump.settle() is None


@pytest.mark.parametrize("oldest_ms,happened", [(0, None), (1, False), (999, False), (1_000, None), (5_000, None)])
def test_a_forgotten_order_did_not_happen_if_the_pump_remembers_longer_than_it_can_be_old(
    oldest_ms: int, happened: bool | None
) -> None:
    """LINK-10. The session began at 1 000 ms of pump time; 0: the pump does not say how far back it remembers."""
    pump, fake = programmer()
    fake.uptime_ms = 1_000
    fake.oldest_ms = oldest_ms
    fake.say["REQUEST_BOLUS"] = lambda values: fake.orders.__setitem__(values[0], codes.FORGOTTEN) or b""
    with pytest.raises(OutcomeUnknown):
        pump.bolus()
    outcome = pump.settle()
    assert outcome is not None
    assert outcome.happened is happened


@pytest.mark.parametrize("state,happened", [
    (codes.RUNNING, False), (codes.DONE, False), (codes.INTERRUPTED, False), (codes.NOT_SEEN, False),
    (codes.CANCELLED, True), (codes.FORGOTTEN, None),
])  # fmt: skip
def test_an_abort_without_an_answer_happened_only_if_the_bolus_is_cancelled(state: int, happened: bool | None) -> None:
    """LINK-10. That the pump knows the bolus says nothing about the abort."""
    pump, fake = programmer()
    order = pump.bolus().order
    fake.orders[order] = state
    fake.say["ABORT_BOLUS"] = lambda values: b""
    with pytest.raises(OutcomeUnknown):
        pump.abort_bolus()
    outcome = pump.settle()
    assert outcome is not None
    assert (outcome.request, outcome.happened) == ("ABORT_BOLUS", happened)


def test_an_acknowledgement_without_an_answer_has_no_order_to_ask_for() -> None:
    """It is asked in a new session, whose numbers say nothing of the old one: the pump's mode is all that is told."""
    pump, fake = programmer()
    fake.say["ACK_ALARM"] = lambda values: b""
    with pytest.raises(OutcomeUnknown):
        pump.acknowledge(codes.ALARM_EMPTY)
    seq = fake.seqs[-1]
    fake.say["STATUS"] = lambda values: status_reply(last_seq=seq, mode=7)
    outcome = pump.settle()
    assert outcome is not None
    assert outcome.happened is None
    assert outcome.sentence == "whether ACK_ALARM reached the pump is not known; the pump is in mode fault"


def test_start_is_read_back() -> None:
    pump, fake = programmer()
    assert pump.start().mode == codes.SCHEDULE
    assert fake.names[-3:] == ["PREPARE_MODE", "COMMIT", "STATUS"]
    fake.say["STATUS"] = lambda values: status_reply(mode=codes.FAULT)
    with pytest.raises(ReadBackDiffers, match="start was committed, but the pump is in mode fault"):
        pump.start()


def test_a_start_that_cannot_be_read_back_is_not_told_as_one_without_an_answer() -> None:
    """LINK-10, HMI-04: no answer would say that nothing can have changed."""
    pump, fake = programmer()
    pump.start()
    fake.say["COMMIT"] = lambda values: (setattr(fake, "deaf", 4), fake._commit(values))[1]
    with pytest.raises(ReadBackDiffers, match="start was committed, but the mode could not be read back: no answer"):
        pump.start()
    assert pump.session.unsettled is None


def test_abort_takes_the_bolus_asked_for_here_else_the_last_order_of_the_pump() -> None:
    pump, fake = programmer()
    fake.say["STATUS"] = lambda values: status_reply(last_order=55, uptime=10)
    assert pump.abort_bolus().order == 55
    order = pump.bolus().order
    end = pump.abort_bolus()
    assert (end.order, end.delivered_nl) == (order, 1_234)
    assert fake.heard[-1] == ("ABORT_BOLUS", (order, 5_010))


def test_abort_without_any_order_says_so() -> None:
    pump, fake = programmer()
    with pytest.raises(PumpError, match="the pump has had no order since its reset"):
        pump.abort_bolus()
    assert "ABORT_BOLUS" not in fake.names


def test_acknowledge_names_the_alarm() -> None:
    pump, fake = programmer()
    pump.acknowledge(codes.ALARM_EMPTY)
    assert fake.heard[-1] == ("ACK_ALARM", (1, 0, 6_000))


# -- reading ------------------------------------------------------------------------------------------


def test_status_has_names_for_its_numbers_and_keeps_numbers_it_does_not_know() -> None:
    pump, fake = programmer()
    fake.say["STATUS"] = lambda values: status_reply(mode=4, alarms=0b11 | 1 << 63, flags=0b1101, order_state=200)
    status = pump.status()
    assert status.mode_name == "patient-bolus"
    assert status.alarms == ["low-reservoir", "reservoir-empty", "alarm 63"]
    assert status.flag_names == ["program", "bolus-settings", "filled"]
    assert status.delivering
    assert status.to_dict()["order_state"] == "state 200"
    assert status.to_dict()["mode"] == "patient-bolus"
    assert status.to_dict()["mode_code"] == 4


def test_alarms_come_with_name_priority_and_state() -> None:
    pump, fake = programmer()
    rows = struct.pack("<BBBQ", 1, 3, 2, 86_400_000) + struct.pack("<BBBQ", 0, 1, 1, 7)
    fake.say["GET_ALARMS"] = lambda values: b"\0\2" + rows
    first, second = pump.alarms()
    assert (first.name, first.latched, first.since_ms) == ("reservoir-empty", True, 86_400_000)
    assert (second.name, second.latched, second.to_dict()["priority"]) == ("low-reservoir", False, "low")


def test_identity_and_limits_are_the_fields_of_the_wire() -> None:
    pump, _ = programmer()
    who = pump.identify()
    assert (who.major, who.uid, who.firmware, who.model) == (1, b"unit0001", "0.1.0", "fake")
    assert who.to_dict()["uid"] == b"unit0001".hex()
    assert dataclasses.astuple(pump.limits()) == LIMITS


def test_leaving_the_context_closes_the_transport() -> None:
    host, _ = fake_pump()
    with Programmer(host, keys=keys_of, rng=rng()):
        pass
    assert host.closed


# -- the end ------------------------------------------------------------------------------------------


def test_a_session_is_ended_at_the_pump_when_the_programmer_leaves() -> None:
    host, fake = fake_pump()
    with Programmer(host, keys=keys_of, rng=rng()) as pump:
        pump.stop()
    assert fake.names[-1] == "CLOSE"
    assert host.closed


def stop_and_look(pump: Programmer) -> None:
    pump.stop()
    pump.status()


def test_without_a_session_and_after_an_error_nothing_is_said() -> None:
    host, fake = fake_pump()
    with Programmer(host, keys=keys_of, rng=rng()) as pump:
        pump.status()
    assert fake.names == ["STATUS"]
    host, fake = fake_pump()
    fake.say["STATUS"] = lambda values: refusal(codes.INTERNAL)
    with pytest.raises(Refused), Programmer(host, keys=keys_of, rng=rng()) as pump:
        stop_and_look(pump)
    assert fake.names[-2:] == ["STOP", "STATUS"]
    assert host.closed


def test_a_silent_pump_is_asked_once_to_end_the_session_and_not_waited_for() -> None:
    """0.3 s, the time-out of a read; nothing is left open by it."""
    host, fake = fake_pump()
    pump = Programmer(host, keys=keys_of, rng=rng())
    pump.stop()
    fake.deaf = 99
    before_s, sent = host.now_s(), len(fake.wires)
    pump.close()
    assert len(fake.wires) == sent + 1
    assert host.now_s() == pytest.approx(before_s + 0.3)
    assert pump.session.unsettled is None
    assert host.closed


def test_a_line_that_is_gone_lets_a_programmer_leave_all_the_same() -> None:
    host, fake = fake_pump()
    with Programmer(host, keys=keys_of, rng=rng()) as pump:
        pump.stop()
        fake.line.close()
    assert host.closed


def test_while_an_outcome_is_unknown_the_session_is_not_ended() -> None:
    host, fake = fake_pump()
    pump = Programmer(host, keys=keys_of, rng=rng())
    pump.limits()
    pump.stop()
    fake.deaf = 4
    with pytest.raises(OutcomeUnknown):
        pump.stop()
    pump.close()
    assert "CLOSE" not in fake.names
