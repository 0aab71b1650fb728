"""Instruments of the bench: simulated ones look at the plant only, real ones are talked to; one contract."""

from pumphil.instruments.balance import Balance, BalanceParameters
from pumphil.instruments.contract import Instrument, Weigher
from pumphil.instruments.encoder import Encoder, EncoderParameters
from pumphil.instruments.failures import InstrumentFailure
from pumphil.instruments.flow import FlowParameters, FlowSensor
from pumphil.instruments.open import open_instrument
from pumphil.instruments.pressure import PressureParameters, PressureSensor
from pumphil.instruments.pulses import PulseCounter
from pumphil.instruments.reading import InstrumentError, Reading

__all__ = [
    "Balance",
    "BalanceParameters",
    "Encoder",
    "EncoderParameters",
    "FlowParameters",
    "FlowSensor",
    "Instrument",
    "InstrumentError",
    "InstrumentFailure",
    "PressureParameters",
    "PressureSensor",
    "PulseCounter",
    "Reading",
    "Weigher",
    "open_instrument",
]
