"""The flow program, on both interpreters. Expected values worked by hand.

micropython tests/portable/run.py test_program
"""

from schedule_cases import DAY, EVERY, FREE, WEEKEND, WORKING, packed, program, weekly

from pumpfw.core.config import Config
from pumpfw.core.schedule import NO_DIGEST, STEPS_TOTAL, Program
from pumplink import device


def fault(*steps):
    return program(*steps).fault(Config())


def canonical(program):
    return bytes(program.canonical(bytearray(Program.SIZE)))


def test_step_in_force_and_its_end():
    day = program(*DAY)
    assert [day.step_at(3, minute) for minute in (0, 479, 480, 481, 1_439)] == [0, 0, 1, 1, 1]
    assert [(day.starts[index], day.end(index), day.rates[index]) for index in (0, 1)] == [
        (0, 480, 480_000),
        (480, 1_440, 960_000),
    ]


def test_each_day_has_the_steps_of_its_profile():
    week = weekly((WORKING, DAY), (WEEKEND, FREE))
    assert (week.n, week.profiles) == (3, 2)
    assert [week.profile_of(day) for day in range(7)] == [0, 0, 0, 0, 0, 1, 1]
    assert [week.step_at(day, 600) for day in range(7)] == [1, 1, 1, 1, 1, 2, 2]
    assert (week.end(1), week.end(2)) == (1_440, 1_440), "the next profile is not the next step"
    assert [week.steps_of(number) for number in (0, 1, 2, 6)] == [2, 1, 0, 0]
    assert [week.days(number) for number in (0, 1, 2, 6)] == [0x1F, 0x60, 0, 0]
    seven = weekly(*[(1 << day, ((0, 480_000 + day),)) for day in range(7)])
    assert [seven.rates[seven.step_at(day, 1_439)] for day in range(7)] == [480_000 + day for day in range(7)]


def test_day_totals_lowest_and_peak():
    """480 000 for 8 h and 960 000 for 16 h are 160 000 + 640 000 nL."""
    day = program(*DAY)
    assert (day.day_total_nl(), day.lowest(), day.peak()) == (800_000, 480_000, 960_000)
    # 1 minute of 48 000 nL/day is 33.3 nL, rounded down
    short = program((0, 0), (1_439, 48_000))
    assert (short.day_total_nl(), short.lowest(), short.peak()) == (33, 0, 48_000)
    assert program(*FREE).lowest() == 480_000, "what no step uses is no rate"
    # 1 439 nL/day for a minute are 0.9993 nL
    assert program((0, 0), (1_439, 1_439)).day_total_nl() == 0
    assert (Program().day_total_nl(), Program().lowest(), Program().peak(), Program().worst_24h_nl()) == (0, 0, 0, 0)
    week = weekly((WORKING, FREE), (WEEKEND, DAY))
    assert [week.day_total_nl(number) for number in range(3)] == [480_000, 800_000, 0]
    assert week.largest_day_nl() == 800_000
    assert (week.lowest(), week.peak()) == (480_000, 960_000)


def test_worst_24_hours():
    """Of one profile the day total; of two, the end of one day and the start of the next."""
    assert program(*DAY).worst_24h_nl() == 800_000
    assert program((0, 0), (1_439, 48_000)).worst_24h_nl() == 34, "33.3 nL, rounded up"
    # Monday to Friday 12:00 to 24:00, Saturday and Sunday 00:00 to 12:00, each at 960 000: noon of Friday to Saturday
    evening, morning = ((0, 0), (720, 960_000)), ((0, 960_000), (720, 0))
    assert weekly((WORKING, evening), (WEEKEND, morning)).worst_24h_nl() == 960_000
    # Sunday is the evening before Monday: the week closes
    assert weekly((0x3F, morning), (0x40, evening)).worst_24h_nl() == 960_000
    # nor does any other day follow Sunday: Sunday evening and Tuesday morning never meet, Monday is flat in between
    flat = ((0, 96_000),)
    assert weekly((0x40, evening), (0x3D, flat), (0x02, morning)).worst_24h_nl() == 528_000
    # and a day is followed by the next one, not by the one before: Monday morning does not come after Tuesday evening
    assert weekly((0x01, morning), (0x02, evening), (0x7C, flat)).worst_24h_nl() == 528_000
    # whole days from midnight to midnight where the following one has less
    assert weekly((WORKING, DAY), (WEEKEND, FREE)).worst_24h_nl() == 800_000
    assert weekly((WORKING, FREE), (WEEKEND, DAY)).worst_24h_nl() == 800_000


def test_worst_24_hours_over_a_change_of_the_offset():
    """The autumn night has 02:00 to 03:00 twice: 2.4 mL/day in that hour are 100 uL each time."""
    night = program((0, 0), (120, 2_400_000), (180, 0))
    assert night.worst_24h_nl() == 100_000
    assert night.worst_24h_nl(60) == 200_000
    # 800 000 of the day, and an hour at 960 000 in the place of one at 480 000
    assert program(*DAY).worst_24h_nl(60) == 820_000
    assert program(*FREE).worst_24h_nl(60) == 480_000, "a constant rate is the same in every hour"
    assert night.worst_24h_nl(24 * 60) == 2_400_000, "never more than a day at the highest rate"


def test_program_reads_back_what_was_put_in():
    steps = [(30 * i, 480_000 + i) for i in range(48)]
    day = Program()
    assert day.begin(0, EVERY)
    assert day.extend(packed(*steps[:34]))
    assert day.extend(packed(*steps[34:]))
    assert day.n == 48
    assert day.packed() == packed(*steps)
    assert day.packed(0, 34, 34) == packed(*steps[34:])
    assert day.packed(0, 48, 34) == day.packed(0, 60, 34) == b""
    assert day.packed(1) == b""
    assert not day.extend(packed((1_439, 48_000))), "48 steps are all there is room for"
    assert day.packed() == packed(*steps)
    assert day.begin(1, EVERY)
    assert day.extend(packed((0, 48_000), (60, 96_000)))
    assert day.packed(1) == packed((0, 48_000), (60, 96_000))
    assert day.packed(1, 1, 1) == packed((60, 96_000))
    assert day.packed() == packed(*steps)


def test_room_for_168_steps_of_all_profiles():
    full = Program()
    for number in range(4):
        assert full.begin(number, 1 << number)
        for i in range(48 if number < 3 else 24):
            assert full.extend(packed((30 * i, 48_000 + i)))
    assert full.n == STEPS_TOTAL == 168
    assert not full.extend(packed((1_439, 48_000)))
    assert full.n == 168
    assert [full.steps_of(number) for number in range(7)] == [48, 48, 48, 24, 0, 0, 0]
    assert len(canonical(full)) == 4 * 2 + 168 * 6


def test_a_cleared_program_has_no_step_in_any_profile():
    full = Program()
    for number in range(7):
        assert full.begin(number, 1 << number)
        assert full.extend(packed((0, 48_000), (60, 96_000)))
    full.clear()
    assert [full.steps_of(number) for number in range(7)] == [0] * 7
    assert [full.days(number) for number in range(7)] == [0] * 7


def test_profiles_come_in_order():
    week = Program()
    assert week.extend(packed((0, 48_000))) is False, "no profile was begun"
    assert week.begin(1, EVERY) is False
    assert week.begin(0, WORKING)
    assert not week.begin(2, WEEKEND)
    assert week.begin(1, WEEKEND)
    assert week.begin(0, EVERY), "profile 0 begins a new program"
    assert (week.profiles, week.days(0), week.days(1)) == (1, EVERY, 0)
    for number in range(1, 7):
        assert week.begin(number, EVERY)
    assert not week.begin(7, EVERY)


def test_program_takes_no_part_of_a_step():
    day = Program()
    assert day.begin(0, EVERY)
    assert not day.extend(packed((0, 480_000))[:-1])
    assert day.n == 0


def test_digest_is_over_the_stored_program():
    """SHA-256 of 7f 02 00 00 00 53 07 00 e0 01 00 a6 0e 00, computed with another tool."""
    day = program(*DAY)
    assert day.digest == NO_DIGEST == bytes(8)
    assert canonical(day) == bytes.fromhex("7f02000000530700e00100a60e00")
    day.seal(bytearray(Program.SIZE))
    assert day.digest == bytes.fromhex("183498c6be9bc30d")
    day.clear()
    assert (day.n, day.profiles, day.digest) == (0, 0, bytes(8))
    # 1f 01 00 00 00 53 07 00, then 60 02 00 00 00 a6 0e 00 e0 01 00 53 07 00
    week = weekly((WORKING, FREE), (WEEKEND, ((0, 960_000), (480, 480_000))))
    week.seal(bytearray(Program.SIZE))
    assert week.digest == bytes.fromhex("f0b4c91c10253037")


def test_saved_program_is_loaded_again():
    """PWR: number of profiles, then the canonical form; a program in force before is gone."""
    week = weekly((WORKING, FREE), (WEEKEND, DAY))
    week.seal(bytearray(Program.SIZE))
    buf = bytearray(Program.SIZE + 2)
    at = week.save(buf, 1)
    assert bytes(buf[1:at]) == b"\x02" + canonical(week)
    assert bytes(buf[at:]) == bytes(len(buf) - at)
    other = program(*DAY)
    assert other.load(bytes(buf), 1) == at
    assert (other.n, other.profiles, other.digest) == (3, 2, week.digest)
    assert canonical(other) == canonical(week)
    assert Program().save(buf, 0) == 1
    assert other.load(buf, 0) == 1
    assert (other.n, other.profiles, other.digest) == (0, 0, NO_DIGEST)
    full = Program()
    for number in range(7):
        assert full.begin(number, 1 << number)
        assert full.extend(packed(*[(60 * i, 48_000 + number) for i in range(24)]))
    assert full.save(buf, 0) == Program.SIZE == 1_023
    assert other.load(buf, 0) == Program.SIZE
    assert canonical(other) == canonical(full)


def test_a_program_without_fault():
    assert fault(*DAY) is None
    assert fault((0, 0)) is None
    assert fault((0, 48_000), (1_439, 24_000_000)) is None
    assert weekly((WORKING, DAY), (WEEKEND, FREE)).fault(Config()) is None


def test_faults_of_a_program_name_the_limit():
    """A u16 start and a u32 rate fit the wire whatever they are; the pump says what is wrong and where."""
    assert Program().fault(Config()) == (device.LIMIT_TILING, 0)
    assert fault((1, 480_000)) == (device.LIMIT_TILING, 0)
    assert fault((0, 480_000), (60, 480_000), (60, 480_000)) == (device.LIMIT_TILING, 60)
    assert fault((0, 480_000), (61, 480_000), (60, 480_000)) == (device.LIMIT_TILING, 61)
    assert fault((0, 480_000), (1_440, 480_000)) == (device.LIMIT_TILING, 1_439)
    assert fault((0, 24_000_001)) == (device.LIMIT_RATE_MAX, 24_000_000)
    assert fault((0, 480_000), (60, 47_999)) == (device.LIMIT_RATE_MIN, 48_000)
    assert fault((0, 1)) == (device.LIMIT_RATE_MIN, 48_000)
    assert (device.LIMIT_RATE_MIN, device.LIMIT_RATE_MAX, device.LIMIT_TILING) == (1, 2, 3)


def test_faults_of_a_second_profile_and_of_the_days():
    def of(*profiles):
        return weekly(*profiles).fault(Config())

    assert of((WORKING, DAY), (WEEKEND, ())) == (device.LIMIT_TILING, 0)
    assert of((WORKING, DAY), (WEEKEND, ((30, 480_000),))) == (device.LIMIT_TILING, 0)
    assert of((WORKING, DAY), (WEEKEND, ((0, 1),))) == (device.LIMIT_RATE_MIN, 48_000)
    assert of((WORKING, DAY)) == (device.LIMIT_DAYS, 0x60), "Saturday and Sunday are missing"
    assert of((WORKING, DAY), (0x70, FREE)) == (device.LIMIT_DAYS, 0x10), "Friday is in both"
    assert of((WORKING, DAY), (0x30, FREE)) == (device.LIMIT_DAYS, 0x50), "Friday twice, Sunday never"
    assert of((EVERY, DAY), (EVERY, FREE), (EVERY, FREE)) == (device.LIMIT_DAYS, 0x7F)
    assert of((0x80 | EVERY, DAY)) == (device.LIMIT_DAYS, 0x80), "there are seven days"
