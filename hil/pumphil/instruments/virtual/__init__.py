"""Virtual instruments: balances in every dialect and a flow sensor, on a pty that any driver can open."""

from pumphil.instruments.virtual.balance import VirtualBalance
from pumphil.instruments.virtual.faults import FAULTS, Faulty
from pumphil.instruments.virtual.pan import Pan, PanParameters, mass_of
from pumphil.instruments.virtual.server import serve, served
from pumphil.instruments.virtual.shdlc import VirtualFlowSensor

__all__ = [
    "FAULTS",
    "Faulty",
    "Pan",
    "PanParameters",
    "VirtualBalance",
    "VirtualFlowSensor",
    "mass_of",
    "serve",
    "served",
]
