"""report.html: self-contained, complete without scripts, safe against foreign words, readable in both colour sets."""

import re
from html.parser import HTMLParser

import pytest
from report_sample import HEADER, sample_record

from pumphil.records import Recorder, RunRecord, RunSeries
from pumphil.report.html import bar, render, split_nodeid
from pumphil.report.palette import COLOURS, DARK, LIGHT, SIGNS
from pumphil.requirements import load

VOID = {"meta", "link", "input", "br", "path", "use", "rect", "g"}


class Page(HTMLParser):
    """Collects what the tests ask for and notices tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID - {"g"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "action", "data", "srcset", "poster"):
                (self.links if value.startswith("#") else self.addresses).append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID - {"g"}:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID - {"g"}:
            return
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)


@pytest.fixture(scope="module")
def html() -> str:
    return render(sample_record())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def text_of(page: Page) -> str:
    return " ".join(" ".join(page.words).split())


def test_tags_match_and_ids_are_unique(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_nothing_comes_from_outside(html, page):
    assert page.addresses == ["data:,"]  # the icon: keeps a browser from asking for one
    assert "http" not in html
    assert "@import" not in html
    assert set(re.findall(r"url\((.)", html)) == {"#"}
    assert not {"iframe", "img", "object", "embed"} & set(page.tags)


def test_it_says_that_it_is_never_for_use_on_a_person(page):
    assert text_of(page).startswith("pumpbench run: failed, rig vm, seed 7 Never for use on a person.")


def test_the_header_names_rig_interpreter_digest_and_seed(page):
    words = text_of(page)
    for fact in (
        "MicroPython 1.28.0 on unix",
        "8c1f0a94d27b3e6650f1b7a2c9e84d13b0a5f6e7",
        "Seed 7",
        "2026-01-01 12:00:00 UTC",
    ):
        assert fact in words


def test_every_requirement_is_shown_with_its_text_and_open_is_counted(page):
    words = text_of(page)
    for one in load().values():
        assert one.text in words
        assert one.id in page.ids
    assert "112 open" in words
    assert "130 requirements" in words


def test_every_test_and_measurement_is_shown_without_scripts(html, page):
    plain = text_of(Page(re.sub(r"<script>.*?</script>", "", html, flags=re.S)))
    record = sample_record()
    for test in record.tests:
        assert split_nodeid(test.test)[1] in plain
    for one in record.measurements:
        assert one.name in plain
    assert len(re.findall(r'<tr[^>]*class="row"', html)) == len(record.tests) + len(record.measurements)
    assert "rig vm cannot switch the supply" in plain


def test_failures_come_first(page):
    words = text_of(page)
    places = [words.index(word) for word in ("What to look at", "AssertionError", "error 98.40", "Curves Day schedule")]
    assert places == sorted(places)


def test_each_run_has_its_figures(html):
    assert html.count('<svg class="plot"') == 14  # three runs; the half year has no boluses
    for name in ("Schedule against delivered volume", "Boluses and alarms", "Instrument against pump", "Reservoir"):
        assert f"<h4>{name}</h4>" in html


def test_it_stays_below_a_megabyte_with_ten_runs():
    record = sample_record()
    three = record.runs
    record.runs = [*three, *three, *three, three[0]]
    assert len(render(record).encode()) < 1_000_000


def test_what_tests_write_cannot_become_markup():
    recorder = Recorder(**HEADER)
    evil = '<script>alert("x")</script> & "quotes" $x^2$ </svg>'
    recorder.test(evil, "failed", evil, ["FLOW-01"])
    recorder.measure(evil, evil, 1, "<b>", limit=2, budget={evil: 1})
    curve = [0, 1]
    recorder.series(
        RunSeries(
            evil,
            curve,
            curve,
            curve,
            1,
            note=evil,
            alarms=[(0.5, evil)],
            boluses=[(0.1, False, evil, 0, 0)],
            delivered_nl=curve,
            budget_nl={evil: 3},
        )
    )
    text = render(recorder.finish(evil, 0))
    assert text.count("<script>") == 1
    assert "alert(&#34;x&#34;)" in text
    assert "<b>alert" not in text
    page = Page(text)
    assert page.open == []
    assert f"alarm: {evil}, 1" in text_of(page)  # the dollar signs too: no formula, no lost characters


def test_the_same_record_gives_the_same_page(html):
    assert render(sample_record()) == html


def test_only_date_and_durations_change_between_two_runs_of_one_seed(html):
    second = sample_record()
    second.started_at, second.wall_s = "2027-07-07T07:07:07+00:00", 12.3
    left, right = html.splitlines(), render(second).splitlines()
    changed = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    assert [b.strip() for _, b in changed] == [
        "<div><dt>Took</dt><dd>12.3 s</dd></div>",
        '<div class="two"><dt>Started</dt><dd>2027-07-07 07:07:07 UTC</dd></div>',
    ]


def test_an_empty_run_has_a_page_too():
    text = text_of(Page(render(RunRecord(**HEADER))))
    assert "No evidence" in text
    assert "No test ran." in text
    assert "No measurement was recorded." in text
    assert "130 open" in text


@pytest.mark.parametrize(
    "value, uncertainty, limit, expected",
    [
        # the bar ends at 125 % of the limit, so the limit stands at 80 % of its width
        (-50, 0, 100, (0.5, 40, 40, 0)),
        (50, 10, 100, (0.5, 40, 32, 16)),
        (5, 20, 100, (0.05, 4, 0, 20)),
        (300, 10, 100, (3.0, 100, 100, 0)),
        (0, 0, 0, (0.0, 0, 0, 0)),
        (1, 0, 0, (float("inf"), 100, 100, 0)),
    ],
)
def test_the_bar_of_an_error(value, uncertainty, limit, expected):
    drawn = bar(value, uncertainty, limit)
    assert (drawn["ratio"], drawn["filled"], drawn["low"], drawn["width"]) == pytest.approx(expected)
    assert drawn["limit"] == 80


def test_no_bar_without_a_limit():
    assert bar(1, 1, None) is None
    assert bar(None, None, 1) is None


def test_node_ids_are_split_for_reading():
    assert split_nodeid("suite/test_a.py::TestB::test_c[x::y]") == ("suite/test_a.py", "TestB · test_c[x · y]")
    assert split_nodeid("loose") == ("", "loose")


def luminance(colour: str) -> float:
    # WCAG 2.2, relative luminance
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(left: str, right: str) -> float:
    bright, dim = sorted((luminance(left), luminance(right)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


TEXT = [(f"{family}-ink", f"{family}-bg") for family in ("good", "bad", "doubt", "near", "skip", "open")]
TEXT += [("ink", "page"), ("ink", "card"), ("muted", "page"), ("muted", "card"), ("muted", "track")]
TEXT += [("tile-ink", family) for family in ("good", "bad", "doubt", "near", "skip")]
TEXT += [(f"{family}-ink", "card") for family in ("good", "bad", "doubt", "skip", "open")]  # counts of an area
CURVES = ["schedule", "pump", "instrument", "granted", "denied", "alarm"]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_curves_have_enough_contrast(colours):
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
    faint = {role: contrast(colours[role], colours["card"]) for role in CURVES}
    assert {role: ratio for role, ratio in faint.items() if ratio < 3.0} == {}


def test_every_colour_is_defined_in_both_sets_and_used_by_one_role(html):
    for column in (LIGHT, DARK):
        assert set(column) == set(COLOURS)
    assert len(set(LIGHT.values())) == len(LIGHT)
    used = set(re.findall(r"var\(--([a-z-]+)\)", html)) - {"c", "fg", "bg", "a"}
    assert used <= set(COLOURS)
    svgs = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.S))
    assert re.findall(r"#[0-9a-f]{6}\b(?!-)", svgs) == []  # a colour of its own would not turn dark
    assert "prefers-color-scheme:dark" in html


def test_what_did_not_run_is_counted_by_its_reason(html):
    rows = re.search(r'<table class="left-out">.*?</table>', html, flags=re.S)[0]
    found = dict(re.findall(r"<td>(.*?)</td><td class=\"n\">(\d+)</td>", rows))
    assert found == {"rig vm has no pressure sensor": "1", "rig vm cannot switch the supply": "1"}


def test_no_two_states_share_colour_and_sign():
    states = ("verified", "failed", "inconclusive", "skipped", "open")
    assert len({SIGNS[state] for state in states}) == len({SIGNS[state][1] for state in states}) == 5
