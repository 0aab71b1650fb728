"""What a person types into one field, read exactly or refused in a sentence with the field and the fix (HMI-02).

    FIELDS["patient_bolus.lockout"].read("90")
    # EntryRefused: lockout of the patient bolus "90" has no colon: hours or minutes; allowed: 00:05 to 24:00, …

The command line, the web bench and whoever asks a person for a number use these fields; therapy files have the same
rules under the same keys (`pumphost.therapy.schema`). Nothing is clipped, rounded or reinterpreted: a value is a whole
number in the unit of its field, or there is none.
"""

from pumphost.entry.fields import FIELDS
from pumphost.entry.typed import EntryRefused, Field

__all__ = ["FIELDS", "EntryRefused", "Field"]
