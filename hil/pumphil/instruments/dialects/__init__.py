"""Dialects of balances by name."""

from pumphil.instruments.dialects.ad import AD
from pumphil.instruments.dialects.base import TO_GRAMS, Dialect, Display
from pumphil.instruments.dialects.mt_sics import MT_SICS
from pumphil.instruments.dialects.ohaus import OHAUS
from pumphil.instruments.dialects.sbi import SBI

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (MT_SICS, SBI, AD, OHAUS)}

__all__ = ["DIALECTS", "TO_GRAMS", "Dialect", "Display"]
