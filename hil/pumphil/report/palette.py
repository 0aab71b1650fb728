"""The colours of the report, light and dark, once: read by the figures, by the style sheet and by the contrast test.

Usage:
    LIGHT["pump"] -> "#0072b2";  css_variables() -> ":root{--pump:#0072b2;…}"

Data colours are the Okabe-Ito set, told apart with any colour vision. Deliberately nothing is said by colour alone:
every status has a sign, every curve a line style or a row of its own.
"""

# role: (light, dark). No hex value may appear twice in one column: the figures are recoloured by value.
COLOURS = {
    # page
    "page": ("#f4f5f7", "#111418"),
    "card": ("#ffffff", "#1a1e24"),
    "ink": ("#1a1d21", "#e9ebee"),
    "muted": ("#565e69", "#a6aebb"),
    "line": ("#d8dce2", "#343b46"),
    "track": ("#eceef1", "#282e37"),
    # curves
    "schedule": ("#2b2f36", "#d5d9e0"),
    "pump": ("#0072b2", "#56b4e9"),
    "instrument": ("#d55e00", "#ff9a4d"),
    "quantum": ("#56b4e9", "#0072b2"),
    "budget": ("#e69f00", "#e69f00"),
    "granted": ("#009e73", "#1fc495"),
    "lockout": ("#8f979f", "#7d8794"),
    "denied": ("#b0568b", "#e79cc4"),
    "alarm": ("#c25400", "#ff8f3d"),
    "grid": ("#e3e6ea", "#2c323b"),
    "stopped": ("#c9ced5", "#3d4550"),
    # states: sign and fill of tiles and bars
    "good": ("#009e74", "#009e74"),
    "bad": ("#d55e01", "#d55e01"),
    "doubt": ("#cc79a7", "#cc79a7"),
    "near": ("#f0c03c", "#e6b422"),
    "skip": ("#56b4ea", "#56b4ea"),
    "tile-ink": ("#0b0d0f", "#0b0e10"),
    # states: text on a tinted ground
    "good-ink": ("#00543d", "#7ee3c2"),
    "good-bg": ("#d8f1e8", "#10382c"),
    "bad-ink": ("#8a3300", "#ffb68a"),
    "bad-bg": ("#fce2d2", "#4a220a"),
    "doubt-ink": ("#7c2a58", "#f2b5d5"),
    "doubt-bg": ("#f7e1ed", "#43213a"),
    "near-ink": ("#664800", "#f6d570"),
    "near-bg": ("#fdf0c8", "#3f320a"),
    "skip-ink": ("#0a4f7c", "#9fd5f7"),
    "skip-bg": ("#dcedfa", "#12364e"),
    "open-ink": ("#4e5661", "#b3bbc7"),
    "open-bg": ("#edeff3", "#272d36"),
}
LIGHT = {role: light for role, (light, _) in COLOURS.items()}
DARK = {role: dark for role, (_, dark) in COLOURS.items()}

# word in a record: (colour family, sign)
SIGNS = {
    "verified": ("good", "✓"), "passed": ("good", "✓"), "accept": ("good", "✓"),
    "failed": ("bad", "✕"), "reject": ("bad", "✕"),
    "inconclusive": ("doubt", "?"), "incomplete": ("doubt", "?"), "unfinished": ("doubt", "?"),
    "marginal": ("near", "≈"),
    "skipped": ("skip", "»"),
    "open": ("open", "○"), "recorded": ("open", "·"), "no evidence": ("open", "○"),
}  # fmt: skip


def css_variables() -> str:
    """Both colour sets as CSS custom properties; dark on request of the reader's system, never on paper."""

    def block(colours: dict[str, str]) -> str:
        return ":root{" + "".join(f"--{role}:{value};" for role, value in colours.items()) + "}"

    return block(LIGHT) + "@media screen and (prefers-color-scheme:dark){" + block(DARK) + "}"
