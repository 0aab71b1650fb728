"""The rules of a conversation, against a scripted pump: repeats, unknown outcomes, what is ignored.

Times and orders of events are those of LINK-10 and of the client rules in the protocol document, worked out by hand.
"""

from __future__ import annotations

import random

import pytest
from fake_pump import fake_pump, refusal, reply_wire, rng, session_at, status_reply

from pumphost.errors import NoAnswer, OutcomeUnknown, Refused, TransportError
from pumplink import codes, frame, messages

ORDER = 4711
BOLUS = (ORDER, 6_000)


class FixedStart(random.Random):
    """Draws the same first sequence number always."""

    def __init__(self, seq: int) -> None:
        super().__init__(0)
        self.seq = seq

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        assert (start, stop) == (1, 1 << 30)
        return self.seq


# -- the frame and its number -------------------------------------------------------------------------


def test_a_request_is_the_frame_of_the_protocol_without_session_and_flags() -> None:
    host, fake = fake_pump()
    session_at(host, rng=FixedStart(0x01020304)).request(messages.STATUS)
    # version 1 and kind 0, length 10, message 0x11, flags 0, session 0 (two bytes), sequence number little endian
    assert frame.FrameReader().feed(fake.wires[1]) == [bytes.fromhex("10 0a 11 00 00 00 04 03 02 01")]


def test_it_begins_with_two_delimiters_and_forgets_what_was_waiting() -> None:
    host, fake = fake_pump()
    fake.line.write(reply_wire(messages.STATUS.id, status_reply(mode=7), 5))  # said to somebody else
    values = session_at(host, rng=FixedStart(5)).request(messages.STATUS)
    assert fake.wires[0] == b"\0\0"
    assert fake.times_s[:2] == [0.0, 0.05]  # 50 ms of discarding between the delimiters and the request
    assert values[0] == 1


def test_sequence_numbers_rise_stay_below_2_to_30_and_skip_zero() -> None:
    host, fake = fake_pump()
    session = session_at(host, rng=FixedStart((1 << 30) - 2))
    for _ in range(3):
        session.request(messages.STATUS)
    assert fake.seqs == [(1 << 30) - 2, (1 << 30) - 1, 1]


def test_the_first_number_is_drawn_from_the_given_random() -> None:
    starts = []
    for seed in (1, 1, 2):
        host, fake = fake_pump()
        session_at(host, rng=random.Random(seed)).request(messages.STATUS)
        starts.append(fake.seqs[0])
    assert starts[0] == starts[1] != starts[2]


# -- repeats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message,values,unit_s", [(messages.STATUS, (), 0.3), (messages.REQUEST_BOLUS, BOLUS, 1.0)])
def test_without_an_answer_the_same_bytes_go_out_three_times_more_after_1_1_and_2_timeouts(message, values, unit_s):
    host, fake = fake_pump()
    fake.deaf = 99
    with pytest.raises((NoAnswer, OutcomeUnknown)):
        session_at(host, rng=rng()).request(message, values)
    assert len(fake.wires) == 1 + 4
    assert len(set(fake.wires[1:])) == 1
    start = 0.05
    assert fake.times_s[1:] == pytest.approx([start, start + unit_s, start + 2 * unit_s, start + 4 * unit_s])
    assert host.now_s() == pytest.approx(start + 6 * unit_s)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_an_answer_to_a_repeat_is_an_answer(lost: int) -> None:
    host, fake = fake_pump()
    fake.deaf = lost
    session = session_at(host, rng=rng())
    assert session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER) == (ORDER, 20_000, 600_000)
    assert session.line.counters.repeats == lost
    assert session.unsettled is None


def test_a_read_without_an_answer_is_no_answer_and_nothing_is_open() -> None:
    host, fake = fake_pump()
    fake.deaf = 4
    session = session_at(host, rng=rng())
    with pytest.raises(NoAnswer, match=r"no answer to STATUS from memory .* 4 tries in 1\.8 s, and not one byte"):
        session.request(messages.STATUS)
    assert session.request(messages.STATUS) is not None
    assert session.unsettled is None


# -- unknown outcomes ---------------------------------------------------------------------------------


def unknown_bolus():
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    fake.deaf = 4
    with pytest.raises(OutcomeUnknown, match=f"REQUEST_BOLUS, order {ORDER} is unknown") as caught:
        session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER)
    assert caught.value.order == ORDER
    return session, fake


@pytest.mark.parametrize("message,values", [
    (messages.REQUEST_BOLUS, BOLUS), (messages.PREPARE_CLOCK, (9, 0, 0, 0, 0)),
    (messages.COMMIT, (bytes(8), bytes(8), 0)), (messages.ABORT_BOLUS, BOLUS), (messages.IDENTIFY, ()),
    (messages.LOG_READ, (0, 0, 1)),
])  # fmt: skip
def test_while_an_outcome_is_unknown_other_requests_are_not_sent(message, values) -> None:
    session, fake = unknown_bolus()
    sent = len(fake.wires)
    with pytest.raises(OutcomeUnknown, match=f"{message.name} was not sent") as caught:
        session.request(message, values, order=9)
    assert caught.value.order == ORDER
    assert len(fake.wires) == sent


def test_while_an_outcome_is_unknown_status_order_and_stop_are_sent_and_settle_nothing_by_themselves() -> None:
    session, fake = unknown_bolus()
    session.request(messages.STATUS)
    session.request(messages.GET_ORDER, (ORDER,))
    session.request(messages.STOP, (1,))
    assert fake.names[-3:] == ["STATUS", "GET_ORDER", "STOP"]
    assert session.unsettled is not None
    assert session.unsettled.order == ORDER


def test_settle_asks_for_the_order_and_opens_the_way_again() -> None:
    session, fake = unknown_bolus()
    fake.orders[ORDER] = codes.RUNNING
    assert session.settle() == (ORDER, messages.REQUEST_BOLUS.id, codes.RUNNING, 20_000, 0, 7)
    assert fake.heard[-1] == ("GET_ORDER", (ORDER,))
    session.request(messages.REQUEST_BOLUS, (ORDER + 1, 6_000), order=ORDER + 1)
    assert session.settle() is None


def test_settle_without_an_answer_leaves_the_question_open() -> None:
    session, fake = unknown_bolus()
    fake.deaf = 4
    with pytest.raises(NoAnswer):
        session.settle()
    with pytest.raises(OutcomeUnknown):
        session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER)


def test_an_act_without_an_order_is_settled_by_status() -> None:
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    fake.deaf = 4
    with pytest.raises(OutcomeUnknown) as caught:
        session.request(messages.ACK_ALARM, (1, 0, 6_000))
    assert caught.value.order == 0
    values = session.settle()
    assert fake.names[-1] == "STATUS"
    assert values is not None
    assert session.unsettled is None


def test_a_stop_without_an_answer_does_not_hide_the_older_question() -> None:
    session, fake = unknown_bolus()
    fake.deaf = 4
    with pytest.raises(OutcomeUnknown, match="outcome of STOP is unknown"):
        session.request(messages.STOP, (1,))
    assert session.unsettled is not None
    assert session.unsettled.order == ORDER


def test_a_line_that_breaks_after_an_act_was_sent_leaves_its_outcome_unknown() -> None:
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    session.request(messages.STATUS)
    fake.say["REQUEST_BOLUS"] = lambda values: fake.line.close() or b"\0"
    with pytest.raises(OutcomeUnknown, match="end is closed") as caught:
        session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER)
    assert caught.value.order == ORDER


def test_a_line_that_is_dead_before_anything_was_sent_is_a_transport_error() -> None:
    host, fake = fake_pump()
    fake.line.close()
    session = session_at(host, rng=rng())
    with pytest.raises(TransportError):
        session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER)
    assert session.unsettled is None


def test_ctrl_c_while_an_answer_is_awaited_leaves_the_outcome_unknown() -> None:
    host, fake = fake_pump()
    session = session_at(host, rng=rng())

    def interrupt(values):
        raise KeyboardInterrupt

    fake.say["REQUEST_BOLUS"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER)
    assert session.unsettled is not None
    assert session.unsettled.order == ORDER


def test_a_refusal_is_in_words_and_leaves_nothing_open() -> None:
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    fake.say["REQUEST_BOLUS"] = lambda values: refusal(codes.LOCKOUT, 0, 412_000)
    with pytest.raises(Refused) as caught:
        session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER, action="bolus")
    assert str(caught.value) == "bolus refused: lockout, 412 s left (LOCKOUT, code 40); ask again after it"
    assert session.unsettled is None
    assert fake.names.count("REQUEST_BOLUS") == 1
