"""Light, sound, silence and events of alarms on both interpreters. Worked by hand from ALM-02 to ALM-05.

    micropython tests/portable/run.py test_alarm_signals

What is listed and kept is in test_alarms.py.
"""

from alarm_cases import HOUR_MS, LATCHED, MINUTE_MS, made, rows

from pumplink.device import (
    ALARM_BOLUS_CUT,
    ALARM_BUTTON,
    ALARM_CLOCK,
    ALARM_DENIED,
    ALARM_EMPTY,
    ALARM_LOW_RESERVOIR,
    ALARM_STALL,
    ALARM_STALL_OVER,
    ALARM_WINDOW,
    REC_ACK,
    REC_ALARM,
    REC_ALARM_CLEAR,
    REC_SILENCE,
)


def test_sound_at_once_and_again():
    """ALM-02 at once; ALM-04 one tone at least every 60 min, two tones at least every 10 min for a high one."""
    alarms, signals = made()
    assert alarms.poll(0) >= HOUR_MS
    alarms.update(ALARM_LOW_RESERVOIR, True, 0)
    assert signals.sounds == [1]
    left = alarms.poll(0)
    assert 59 * MINUTE_MS < left < HOUR_MS
    assert alarms.poll(left - 1) == 1
    assert signals.sounds == [1]
    assert alarms.poll(left) == left
    assert signals.sounds == [1, 1]
    now = left + 5
    alarms.update(ALARM_STALL, True, now)
    assert signals.sounds == [1, 1, 2], "the higher one is heard at once"
    left = alarms.poll(now)
    assert 9 * MINUTE_MS < left < 10 * MINUTE_MS
    alarms.poll(now + left)
    assert signals.sounds == [1, 1, 2, 2]
    alarms.update(ALARM_BUTTON, True, now + left + 10)
    assert signals.sounds == [1, 1, 2, 2], "a low one waits its turn"
    alarms.update(ALARM_CLOCK, True, now + left + 20)
    assert signals.sounds == [1, 1, 2, 2, 2], "a medium one is heard (ALM-02), the highest is signalled (ALM-03)"
    now += left + 30
    alarms.update(ALARM_STALL, False, now)
    assert alarms.acknowledge(ALARM_STALL, now)
    assert signals.sounds == [1, 1, 2, 2, 2, 1], "the lower one sounds again"
    assert alarms.poll(now) > 59 * MINUTE_MS


def test_silence_is_short_logged_and_hides_nothing():
    """ALM-05: at most 2 min, comes back by itself, and no row of commands makes it longer."""
    alarms, signals = made()
    alarms.update(ALARM_STALL, True, 0)
    alarms.silence(10 * MINUTE_MS, 1_000)
    assert signals.records[-1] == (1_000, REC_SILENCE, 2 * MINUTE_MS)
    assert signals.sounds == [2, 0], "the burst ends"
    assert alarms.silenced(120_999)
    assert not alarms.silenced(121_000)
    for now in range(11_000, 121_000, 10_000):
        alarms.silence(2 * MINUTE_MS, now)
        assert signals.records[-1] == (now, REC_SILENCE, 121_000 - now)
    assert alarms.poll(120_000) == 1_000
    assert 2 not in signals.sounds[1:]
    assert (signals.lights, alarms.first_of(3)) == ([3], ALARM_STALL)
    alarms.poll(121_000)
    assert signals.sounds[-1] == 2
    alarms.silence(30_000, 200_000)
    assert alarms.poll(200_000) == 30_000
    alarms.silence(0, 201_000)
    assert not alarms.silenced(201_000)
    assert signals.sounds[-1] == 2, "0 ends it"


def test_a_new_alarm_ends_the_silence():
    """Reference, rules to test: muting never hides the condition; the low one ends it too."""
    alarms, signals = made()
    alarms.update(ALARM_STALL, True, 0)
    for now, code in ((1_000, ALARM_EMPTY), (2_000, ALARM_LOW_RESERVOIR)):
        alarms.silence(2 * MINUTE_MS, now)
        assert signals.sounds[-1] == 0
        alarms.update(code, True, now + 500)
        assert not alarms.silenced(now + 500)
        assert signals.sounds[-1] == 2
    alarms.silence(2 * MINUTE_MS, 3_000)
    alarms.update(ALARM_EMPTY, False, 4_000)
    alarms.acknowledge(ALARM_EMPTY, 4_000)
    alarms.update(ALARM_STALL, False, 4_000)
    alarms.acknowledge(ALARM_STALL, 4_000)
    assert alarms.silenced(5_000)
    assert signals.sounds[-1] == 0, "the low one that is left waits for the end of the silence"
    assert alarms.poll(5_000) == 118_000
    alarms.poll(123_000)
    assert signals.sounds[-1] == 1


def test_events():
    """One that latches is listed; one that does not sounds once; a denial leaves no record here."""
    alarms, signals = made()
    alarms.event(ALARM_BOLUS_CUT, 1_000)
    assert rows(alarms) == [(ALARM_BOLUS_CUT, 1, LATCHED, 1_000)]
    alarms.event(ALARM_BOLUS_CUT, 1_500)
    assert rows(alarms) == [(ALARM_BOLUS_CUT, 1, LATCHED, 1_000)]
    assert alarms.acknowledge(ALARM_BOLUS_CUT, 2_000)
    assert (signals.sounds, signals.lights) == ([1, 1], [1, 0])
    pair = [REC_ALARM, REC_ALARM_CLEAR]
    assert [kind for _, kind, _ in signals.records] == pair + pair + [REC_ACK]
    alarms.event(ALARM_STALL_OVER, 3_000)
    assert [kind for _, kind, _ in signals.records[5:]] == pair
    for _ in range(100):
        alarms.event(ALARM_DENIED, 4_000)
        alarms.event(ALARM_WINDOW, 4_000)
    assert len(signals.records) == 7
    assert (signals.sounds, signals.lights) == ([1, 1] + [1] * 201, [1, 0])
    assert rows(alarms) == []
    assert alarms.poll(5_000) >= HOUR_MS
    alarms.update(ALARM_CLOCK, True, 6_000)
    count = len(signals.sounds)
    alarms.event(ALARM_DENIED, 7_000)
    assert len(signals.sounds) == count, "a higher one is shown"


def test_an_event_is_quiet_in_a_silence_and_does_not_end_it():
    alarms, signals = made()
    alarms.silence(2 * MINUTE_MS, 0)
    alarms.event(ALARM_DENIED, 1_000)
    assert signals.sounds == [0]
    assert alarms.silenced(1_000)


def test_settle_darkens_a_light_that_was_exercised():
    """ALM-11: at power-on the light has shown something."""
    alarms, signals = made()
    alarms.settle(0)
    assert (signals.lights, signals.sounds) == ([0], [])
