"""Which words a virtual balance understands in each dialect, and what it says to them.

    MANNERS["mt-sics"].words["ZI"]          # ("zero", "ZI {S|D}")

Readings and overload are written by the dialects themselves; here is the rest. Sources as in `dialects/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NOW, STABLE, STREAM, CANCEL = "now", "stable", "stream", "cancel"
ZERO, TARE, CLEAR, TELL = "zero", "tare", "clear", "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """`words`: command -> (action, reply, busy). Actions as above; a reply is a text with these in braces: S (S or D,
    as it is stable), weight (value in ten characters and unit), model, serial, firmware; "" is silence. A third text
    makes the balance wait until it is stable first, and is its answer when it does not become so in `patience_s`.
    """

    words: dict[str, tuple[str, ...]]
    unknown: str = ""
    patience_s: float = 10.0
    identity: dict[str, str] = field(default_factory=dict)


MT_SICS = Manners(
    words={
        "S": (STABLE, "", "S I"), "SI": (NOW,), "SIR": (STREAM,), "@": (TELL, 'I4 A "{serial}"'),
        "Z": (ZERO, "Z A", "Z I"), "ZI": (ZERO, "ZI {S}"),
        "T": (TARE, "T S {weight}", "T I"), "TI": (TARE, "TI {S} {weight}"),
        "TAC": (CLEAR, "TAC A"),
        "I0": (TELL, 'I0 A 0 "S"'), "I1": (TELL, 'I1 A "01" "2.30" "2.22" "" ""'),
        "I2": (TELL, 'I2 A "{model} {capacity} g"'), "I3": (TELL, 'I3 A "{firmware}"'), "I4": (TELL, 'I4 A "{serial}"'),
        "I5": (TELL, 'I5 A "12345678A"'),
    },
    unknown="ES",
    identity={"model": "XS204", "serial": "B123456789", "firmware": "2.10 10.28.0.493.142"},
)  # fmt: skip
ESC = "\x1b"
SBI = Manners(
    words={
        f"{ESC}P": (NOW,), f"{ESC}kP_": (NOW,), f"{ESC}T": (TARE, ""), f"{ESC}U": (TARE, ""), f"{ESC}V": (ZERO, ""),
        f"{ESC}x1_": (TELL, "{model}"), f"{ESC}x2_": (TELL, "{serial}"), f"{ESC}x3_": (TELL, "{firmware}"),
    },
    identity={"model": "QUINTIX224-1S", "serial": "0037402012", "firmware": "00-20-12.01"},
)  # fmt: skip
AD = Manners(
    words={
        "Q": (NOW,), "SI": (NOW,), "S": (STABLE, "", ""), "SIR": (STREAM,), "C": (CANCEL,),
        "Z": (ZERO, "", ""), "T": (TARE, "", ""), "R": (ZERO, "", ""), "ON": (TELL, ""), "P": (TELL, ""),
        "?TN": (TELL, "TN,{model}"), "?SN": (TELL, "SN,{serial}"), "?ID": (TELL, "ID,LAB-0001"),
    },
    identity={"model": "HR-250AZ", "serial": "T1234567"},
)  # fmt: skip
OHAUS = Manners(
    words={
        "IP": (NOW,), "P": (NOW,), "SP": (STABLE, "", "ES"), "CP": (STREAM,), "0P": (CANCEL,),
        "Z": (ZERO, "OK!", "ES"), "T": (TARE, "OK!", "ES"),
        "PV": (TELL, "{model} {firmware}"), "PSN": (TELL, "{serial}"),
    },
    unknown="ES", patience_s=40.0,
    identity={"model": "AX224", "serial": "B512345678", "firmware": "1.01"},
)  # fmt: skip
MANNERS = {"mt-sics": MT_SICS, "sbi": SBI, "ad": AD, "ohaus": OHAUS}
