"""The wiring as a drawing: one row a signal, parts on the left, the pump in the middle, the probe beside it.

    Path("wiring.svg").write_text(draw())

Made from the table alone, the same bytes every time. A colour is never alone: arrows say who drives, dashes what only
the rig uses. Positions are units of the drawing, one being a pixel at its own size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from pumphil.wiring.table import ANALOGUE, BUS, IN, OUT, PARTS, RIG, SIGNALS, Signal, physical_pin

WIDTH, ROW, GAP, TOP = 1360, 27, 15, 118
HEAD = 30  # of a box, with its name
FAR, PART, PUMP, PROBE, RIGHT = (24, 150), (186, 446), (566, 716), (886, 1_036), (1_120, 1_336)
INK, MUTED, PAGE, CARD, LINE, BOARD = "#1a1d21", "#565e69", "#f4f5f7", "#ffffff", "#b9c0c9", "#e8f3ec"
STYLE = {
    OUT: ("#0072b2", "", "pump drives, probe listens"),
    IN: ("#00855f", "", "part or probe drives, pump listens"),
    BUS: ("#b0568b", "", "bus, both ways"),
    ANALOGUE: ("#a86f00", "", "voltage, pump measures"),
    RIG: ("#c24e00", "7 4", "rig alone: faults and power"),
}
GROUPS = (
    ("driver",), ("red",), ("yellow",), ("buzzer",), ("",), ("shifter",), ("air",), ("bolus",), ("estop",), ("cover",),
    ("jumper",), ("presence",), ("pressure",), ("passive",), ("switch",), ("valve",),
)  # fmt: skip
RIGHT_PARTS = ("switch", "valve")
CHAINS = (
    ("Water", ("Reservoir", "Pump head", "Air switch", "Pressure sensor", "Pinch valve", "Receiver on the balance")),
    ("12 V", ("Supply", "Fuse 1 A", "Emergency stop", "Driver VM, pinch valve")),
    (
        "5 V",
        ("Fuse 1 A", "Buck converter", "Power switch", "Pump VSYS", "its 3V3: logic of all parts"),
    ),
    ("USB", ("Computer", "pump (data only, red wire cut), probe (its only supply), balance")),
)


@dataclass
class Sheet:
    """Marks in two layers: wires below, boxes above."""

    wires: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)

    def box(self, left: float, top: float, right: float, bottom: float, name: str, fill: str = CARD) -> None:
        """A box with its name in its head."""
        self.boxes.append(
            f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" rx="7" fill="{fill}" '
            f'stroke="{LINE}"/>'
        )
        self.text((left + right) / 2, top + 19, name, "middle", "name")

    def text(self, x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> None:
        """One line of text."""
        kind = f' class="{kind}"' if kind else ""
        self.boxes.append(f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>{escape(words)}</text>')

    def wire(self, way: str, start: float, end: float, y: float, *, first: bool = False, last: bool = False) -> None:
        """A horizontal line; `first`, `last`: an arrow there."""
        colour, dashes, _ = STYLE[way]
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.wires.append(f'<path d="M{start:g} {y:g}H{end:g}" stroke="{colour}" fill="none"{dashed}/>')
        for wanted, x, back in ((first, start, 7), (last, end, -7)):
            if wanted:
                self.wires.append(f'<path d="M{x:g} {y:g}l{back} -4v8z" fill="{colour}" stroke="none"/>')


def draw() -> str:
    """The whole SVG file."""
    sheet = Sheet()
    bottom = _signals(sheet)
    for name, links in CHAINS:
        _chain(sheet, bottom, name, links)
        bottom += 50
    _title(sheet)
    height = bottom + 16
    css = (
        f"text{{font:13px system-ui,sans-serif;fill:{INK}}}.name{{font-weight:600}}.pin{{font-size:12px}}"
        f".note{{font-size:11px;fill:{MUTED}}}.title{{font-size:21px;font-weight:600}}path{{stroke-width:2}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="Wiring of the bench, signal by signal">\n<style>{css}</style>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="{PAGE}"/>\n'
        + "\n".join(sheet.wires + sheet.boxes)
        + "\n</svg>\n"
    )


def _title(sheet: Sheet) -> None:
    sheet.text(24, 40, "Wiring of the bench", kind="title")
    sheet.text(
        24, 62, "Water only. Never for use on a person or an animal. Ground of all parts: one star.", kind="note"
    )
    x = 24.0
    for way, (_, _, words) in STYLE.items():
        sheet.wire(way, x, x + 34, 86, last=way in (OUT, IN))
        sheet.text(x + 42, 90, words, kind="note")
        x += 58 + 6.3 * len(words)


def _signals(sheet: Sheet) -> float:
    names = {part.key: part.name for part in PARTS}
    y = float(TOP + HEAD)
    spans: dict[str, tuple[float, float]] = {}
    for (key,) in GROUPS:
        rows = [signal for signal in SIGNALS if signal.part == key]
        top = y
        for signal in rows:
            _row(sheet, signal, y + ROW / 2)
            y += ROW
        spans[key] = top, y
        if key and key != "cover":
            left, right = RIGHT if key in RIGHT_PARTS else PART
            _part(sheet, "Dividers" if key == "passive" else names[key], rows, left, right, top, y)
        y += GAP
    marks, sheet.boxes = sheet.boxes, []
    sheet.box(PUMP[0], TOP, PUMP[1], y, "Pump board", BOARD)
    sheet.box(PROBE[0], TOP, PROBE[1], y, "Probe board", BOARD)
    sheet.boxes += marks
    for key, part in (("driver", "head"), ("shifter", "encoder")):
        top, end = spans[key]
        sheet.box(*_box(FAR, top, end), names[part])
        words = "motor coils" if part == "head" else "on the rotor"
        sheet.text(sum(FAR) / 2, (top + end) / 2 + 8, words, "middle", "note")
        for row in range(2):
            way = RIG if part == "head" else BUS
            line = f'<path d="M{FAR[1]} {top + ROW * (row + 0.5):g}H{PART[0]}" stroke="{STYLE[way][0]}"/>'
            sheet.wires.append(line.replace(STYLE[RIG][0], INK) if part == "head" else line)
    rotor = f'<path d="M{sum(FAR) / 2:g} {spans["driver"][1]:g}V{spans["shifter"][0]:g}" stroke="{LINE}"/>'
    sheet.wires.append(rotor.replace("/>", ' stroke-dasharray="2 4"/>'))
    return y + 22


def _box(columns: tuple[int, int], top: float, end: float) -> tuple[float, float, float, float]:
    return columns[0], top, columns[1], end


def _part(sheet: Sheet, name: str, rows: list[Signal], left: float, right: float, top: float, end: float) -> None:
    """A part as high as its rows: its name on one side, its terminals on the other."""
    sheet.boxes.append(
        f'<rect x="{left}" y="{top:g}" width="{right - left}" height="{end - top:g}" rx="6" fill="{CARD}" '
        f'stroke="{LINE}"/>'
    )
    at_right = left == RIGHT[0]
    for number, signal in enumerate(rows):
        y = top + ROW * (number + 0.5) + 4.5
        sheet.text(
            left + 10 if at_right else right - 10,
            y,
            signal.mark or signal.terminal,
            "start" if at_right else "end",
            "pin",
        )
    sheet.text(
        right - 10 if at_right else left + 10, (top + end) / 2 + 4.5, name, "end" if at_right else "start", "name"
    )


def _row(sheet: Sheet, signal: Signal, y: float) -> None:
    """Wires of one signal, its name between the boards, its pins inside of them."""
    to_right = signal.part in RIGHT_PARTS
    if signal.part and not to_right and signal.part != "cover":
        into_part = signal.way in (OUT, RIG) and signal.name != "MOTOR SUPPLY"
        end = PROBE[0] if signal.pump is None else PUMP[0]
        sheet.wire(signal.way, PART[1], end, y, first=into_part, last=not into_part and signal.way != BUS)
    if to_right:
        sheet.wire(signal.way, PROBE[1], RIGHT[0], y, last=True)
    elif signal.pump is not None and signal.probe is not None:
        drives = signal.way == OUT
        sheet.wire(signal.way, PUMP[1], PROBE[0], y, first=not drives, last=drives)
    if signal.part == "cover":
        middle = (PUMP[1] + PROBE[0]) / 2
        sheet.boxes.append(
            f'<rect x="{middle - 62}" y="{y - 11:g}" width="124" height="22" rx="6" fill="{CARD}" stroke="{LINE}"/>'
        )
        sheet.text(middle, y + 4.5, "Cover switch", "middle", "pin")
    elif signal.probe is not None:
        x = (PROBE[1] + RIGHT[0]) / 2 if to_right else (PUMP[1] + PROBE[0]) / 2
        sheet.text(x, y - 5, signal.name.lower(), "middle", "note")
    if signal.pump is not None:
        _pin(sheet, signal.pump, PUMP, y, left=signal.part not in ("", "cover"), right=signal.probe is not None)
    if signal.probe is not None:
        _pin(sheet, signal.probe, PROBE, y, left=not to_right, right=to_right)


def _pin(sheet: Sheet, pin: int | str, board: tuple[int, int], y: float, *, left: bool, right: bool) -> None:
    name = f"GP{pin}" if isinstance(pin, int) else pin
    sheet.text(sum(board) / 2, y + 4.5, f"{name} · pin {physical_pin(pin)}", "middle", "pin")
    for wanted, x in ((left, board[0]), (right, board[1])):
        if wanted:
            sheet.boxes.append(f'<circle cx="{x}" cy="{y:g}" r="3.4" fill="{INK}"/>')


def _chain(sheet: Sheet, y: float, name: str, links: tuple[str, ...]) -> None:
    """Boxes in a row, an arrow from each to the next."""
    sheet.text(24, y + 25, name, kind="name")
    x = 90.0
    for number, link in enumerate(links):
        width = 34 + 7.4 * len(link)
        sheet.boxes.append(
            f'<rect x="{x:g}" y="{y + 3:g}" width="{width:g}" height="34" rx="6" fill="{CARD}" stroke="{LINE}"/>'
        )
        sheet.text(x + width / 2, y + 25, link, "middle", "pin")
        if number + 1 < len(links):
            sheet.wires.append(f'<path d="M{x + width:g} {y + 20:g}h34" stroke="{MUTED}"/>')
            sheet.wires.append(f'<path d="M{x + width + 34:g} {y + 20:g}l-7 -4v8z" fill="{MUTED}" stroke="none"/>')
        x += width + 34
