"""Instruments of the bench. They look at the plant only, never at a counter of the firmware."""

from pumphil.instruments.balance import Balance, BalanceParameters
from pumphil.instruments.encoder import Encoder, EncoderParameters
from pumphil.instruments.reading import InstrumentError, Reading

__all__ = ["Balance", "BalanceParameters", "Encoder", "EncoderParameters", "InstrumentError", "Reading"]
