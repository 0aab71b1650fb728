"""What people get wrong when they type a dose, after the recalls: (field, typed, what is wrong, what to do).

One table for the command line, the web bench and the library. Both texts are parts of the refusal; they come from the
incident (which value was meant), not from the code. R01: hours in the minutes field; R25: a key that bounces, 10 to
100; R26: decimals that two programs read differently.
"""

BOUNCED = [  # R25: a key pressed twice, or a zero too many
    ("program.rate", "100 mL/day", "too large", '"24.000 mL/day" or less'),
    ("patient_bolus.volume", "2000 uL", "too large", '"500 uL" or less'),
    ("patient_bolus.volume", "20 mL", "too large", '"500 uL" or less'),  # mL where uL was meant
    ("patient_bolus.max_per_24h", "66", "too large", "24 or less"),
    ("fill.concentration", "1000 mg/mL", "too large", '"500 mg/mL" or less'),
    ("fill.volume", "180 mL", "too large", '"100.000 mL" or less'),
    ("bolus.volume", "10000 uL", "too large", '"2.000 mL" or less'),
    ("program.rate", "0.0480 mL/min", "too large", '"24.000 mL/day" or less'),  # per minute where per day was meant
    ("path.trimmed", "350 cm", "too large", '"110 cm" or less'),
    ("percent", "150 %", "too large", '"100 %" or less'),
]
TIMES = [  # R01: hours in the minutes field, minutes in the hours field
    ("periodic.interval", "12", "hours or minutes", '"12:00" for 12 h or "00:12" for 12 minutes'),
    ("patient_bolus.lockout", "2", "hours or minutes", '"02:00" for 2 h or "00:02" for 2 minutes'),
    ("patient_bolus.lockout", "90", "hours or minutes", '"01:30"'),
    ("patient_bolus.lockout", "120 min", "has a unit", '"02:00"'),
    ("patient_bolus.lockout", "2h", "has a unit", '"02:00"'),
    ("patient_bolus.lockout", "1.5 h", "has a unit", '"01:30"'),
    ("patient_bolus.lockout", "00:90", "more than 59 minutes", '"01:30"'),
    ("patient_bolus.lockout", "2:00", "not of the form HH:MM", '"02:00"'),
    ("patient_bolus.lockout", "02.00", "no colon", '"02:00"'),
    ("patient_bolus.lockout", "02,00", "no colon", '"02:00"'),
    ("patient_bolus.lockout", "0200", "no colon", '"02:00"'),
    ("patient_bolus.lockout", "02:00:00", "seconds", '"02:00"'),
    ("patient_bolus.lockout", "00:02", "too small", '"00:05" or more'),
    ("patient_bolus.lockout", "00:00", "too small", '"00:05" or more'),
    ("patient_bolus.lockout", "25:00", "too large", '"24:00" or less'),
    ("patient_bolus.duration", "10:00", "too large", '"01:00" or less'),  # ten hours where ten minutes were meant
    ("periodic.interval", "00:01", "too small", '"00:05" or more'),
    ("program.step.start", "8:00", "not of the form HH:MM", '"08:00"'),
    ("program.step.start", "24:00", "end of the day", '"00:00"'),
    ("program.step.start", "08:00 am", "has a unit", "two digits"),
    ("start.delay", "30", "hours or minutes", '"00:30" for 30 minutes'),
    ("start.delay", "０２:00", "not of the form HH:MM", "two digits"),
]
DECIMALS = [  # R26: only one form of a number is read
    ("program.rate", ".5 mL/day", "no digit before the point", '"0.5 mL/day"'),
    ("program.rate", "5. mL/day", "no digit after the point", '"5 mL/day"'),
    ("program.rate", "5,0 mL/day", "comma", "a point before the decimals"),
    ("program.rate", "5, mL/day", "comma", "a point before the decimals"),
    ("program.rate", "05 mL/day", "a zero too many", "never 05"),
    ("program.rate", "5e-1 mL/day", "exponent", '"0.5 mL/day"'),
    ("program.rate", "4,800 uL/day", "comma", "nothing between thousands"),
    ("program.rate", "1.000,5 uL/day", "comma", "nothing between thousands"),
    ("fill.volume", "18 000 uL", "space in the number", "without spaces"),
    ("fill.volume", "18'000 uL", "no part of a number", "without apostrophe"),
    ("fill.volume", "18\u202f000 uL", "space in the number", "without spaces"),  # narrow no-break space
    ("fill.volume", "18_000 uL", "underscore", '"18000 uL"'),
    ("fill.volume", "-18 mL", "negative", "without a sign"),
    ("fill.volume", "+18 mL", "sign", '"18 mL"'),
    ("fill.volume", "1.8.0 mL", "two points", "one number with one point"),
    ("fill.volume", "17.5-18 mL", "two numbers", "one number and its unit"),
    ("fill.volume", "18 ± 0.5 mL", "no part of a number", "plus-minus"),
    ("fill.volume", "~18 mL", "no part of a number", "tilde"),
    ("fill.volume", "½ mL", "no part of a number", "fraction"),
    ("patient_bolus.volume", "2×10 uL", "no part of a number", "multiplication"),
    ("patient_bolus.volume", "10² uL", "no part of a number", "superscript"),
    ("patient_bolus.volume", "٢٠ uL", "digits that are not 0 to 9", '"20 uL"'),  # Arabic 20
    ("patient_bolus.volume", "O.5 uL", "does not begin with a number", '"20 uL"'),  # the letter O
    ("patient_bolus.volume", "nan uL", "does not begin with a number", '"20 uL"'),
    ("patient_bolus.volume", "0.0005 uL", "finer than 1 nL", '"0.001 uL"'),
    ("patient_bolus.max_per_24h", "6.0", "point", '"6"'),
    ("patient_bolus.max_per_24h", "06", "a zero too many", '"6"'),
    ("patient_bolus.max_per_24h", "six", "not a whole number", "digits 0 to 9"),
    ("patient_bolus.max_per_24h", "６", "not a whole number", "digits 0 to 9"),
    ("patient_bolus.max_per_24h", "-1", "not a whole number", "digits 0 to 9"),
]
UNITS = [
    ("program.rate", "0.480", "no unit", '"0.480 mL/day"'),
    ("program.rate", "0.480 mL", "is a volume, not a rate", '"0.480 mL/day"'),
    ("program.rate", "0.480 ml/day", 'written "mL/day"', '"0.480 mL/day"'),
    ("program.rate", "0.480 mL/week", "foreign unit", "convert it"),
    ("program.rate", "200 IU/day", "foreign unit", "convert it"),
    ("program.rate", "200 ug/day", "no concentration", "give the concentration"),
    ("patient_bolus.volume", "20 cc", 'written "mL"', '"20 mL"'),
    ("patient_bolus.volume", "20uL", "no space before its unit", '"20 uL"'),
    ("patient_bolus.volume", "20 units", "foreign unit", "convert it"),
    ("patient_bolus.volume", "20 ug/day", "foreign unit", "convert it"),  # a daily dose where one dose is asked for
    ("fill.concentration", "1 mg", "foreign unit", "convert it"),
    ("fill.concentration", "1 mcg/mL", 'written "ug/mL"', '"1 ug/mL"'),
    ("fill.concentration", "1 mg/day", "foreign unit", "convert it"),
    ("fill.concentration", "1 %", "foreign unit", "convert it"),
    ("bridge.dose", "0.200 mL/day", "is a rate, not a mass per time", '"200 ug/day"'),
    ("bridge.dose", "200 ug", "foreign unit", "convert it"),
    ("path.trimmed", "35", "no unit", '"35 cm"'),
    ("path.trimmed", "35 in", "foreign unit", "convert it"),
    ("path.per_length", "0.0026 mL", "is a volume, not a volume per length", '"0.0026 mL/cm"'),
    ("percent", "15", "no unit", '"15 %"'),
    ("percent", "15 mg", 'the unit "mg"', '"15 %"'),
]
PASTED = [
    ("program.rate", "", "is empty", '"0.480 mL/day"'),
    ("program.rate", "0.480 mL/day\n", "a space before or after it", '"0.480 mL/day"'),
    ("program.rate", "\t0.480 mL/day", "a space before or after it", '"0.480 mL/day"'),
    ("program.rate", "0.480 mL/day\n0.960 mL/day", "text after its unit", '"0.480 mL/day"'),
    ("program.rate", "0.480\u00a0mL/day", "one plain space before its unit", '"0.480 mL/day"'),
    ("program.rate", "0.480\u200b mL/day", "no part of a number", "zero width space"),
    ("program.rate", "\u202e0.480 mL/day", "no part of a number", "right-to-left override"),
    ("program.rate", "\ufeff0.480 mL/day", "no part of a number", "no-break space"),
    ("program.rate", '"0.480 mL/day"', "no part of a number", "quotation mark"),
    ("program.rate", "“0.480 mL/day”", "no part of a number", "quotation mark"),
    ("program.rate", "0.480 mL/day (basal)", "text after its unit", '"0.480 mL/day"'),
    ("program.rate", "rate = 0.480 mL/day", "no part of a number", "equals"),
    ("program.rate", "about 0.480 mL/day", "does not begin with a number", '"0.480 mL/day"'),
    ("program.rate", "0.480 mL/day, 0.960 mL/day from 08:00 until 20:00", "too long", '"0.480 mL/day"'),
    ("fill.drug", "saline\n", "other than printable ASCII", '"saline"'),
    ("fill.drug", "säline", "other than printable ASCII", '"saline"'),
    ("fill.drug", "morphine sulfate", "16 characters", "shorten it by 8"),
    ("fill.drug", "", "is empty", '"saline"'),
    ("program.mode", "Day", "not one of the words", '"day"'),
    ("bolus.then", "stop", "not one of the words", '"stopped"'),
    ("prime.case", "new pump", "not one of the words", '"new-pump"'),
    ("patient_bolus.lockout", " 02:00", "a space before or after it", '"02:00"'),
]
WRONG = [*BOUNCED, *TIMES, *DECIMALS, *UNITS, *PASTED]
