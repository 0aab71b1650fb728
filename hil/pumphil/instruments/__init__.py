"""Instruments of the bench: simulated ones look at the plant only, real ones are talked to; one contract."""

from pumphil.instruments.balance import Balance, BalanceParameters
from pumphil.instruments.contract import Instrument, Weigher
from pumphil.instruments.encoder import Encoder, EncoderParameters
from pumphil.instruments.failures import InstrumentFailure
from pumphil.instruments.open import open_instrument
from pumphil.instruments.reading import InstrumentError, Reading

__all__ = [
    "Balance",
    "BalanceParameters",
    "Encoder",
    "EncoderParameters",
    "Instrument",
    "InstrumentError",
    "InstrumentFailure",
    "Reading",
    "Weigher",
    "open_instrument",
]
