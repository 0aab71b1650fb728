"""A line to a pump that is slow: every wait of a programmer is as many times as long."""

from __future__ import annotations

import pytest

from pumphost.errors import NoAnswer, TransportError
from pumphost.programmer import Programmer
from pumphost.transport import open_transport
from pumphost.transport.memory import memory_pair
from pumphost.transport.patient import ENVIRONMENT, PatientTransport, patience


@pytest.mark.parametrize("times", [1, 20])
def test_silence_is_told_after_as_many_times_the_time(times: int) -> None:
    host, _ = memory_pair()
    pump = Programmer(PatientTransport(host, times), keys=None)
    with pytest.raises(NoAnswer, match=r"after 4 tries in 1\.8 s"):
        pump.status()
    assert host.now_s() == pytest.approx(times * (0.05 + 6 * 0.3))  # what was there is thrown away, then 1, 1, 2, 2


def test_bytes_that_are_there_come_at_once() -> None:
    host, pump = memory_pair()
    patient = PatientTransport(host, 1000)
    pump.write(b"now")
    assert (patient.read(5), host.now_s()) == (b"now", 0)
    patient.write(b"there")
    assert pump.read(0) == b"there"
    patient.close()
    assert host.closed


@pytest.mark.parametrize("text", ["0", "-1", "0.5", "1001", "nan", "inf", "twenty", "5,0"])
def test_what_is_no_patience_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, text)
    with pytest.raises(TransportError, match=f"PUMPBENCH_PATIENCE is '{text}'; write a number from 1 to 1000"):
        open_transport("loop://")


def test_it_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    plain = open_transport("loop://")
    monkeypatch.setenv(ENVIRONMENT, " 20 ")
    slow = open_transport("loop://")
    assert not isinstance(plain, PatientTransport)
    assert isinstance(slow, PatientTransport)
    assert patience({ENVIRONMENT: "20"}) == 20
    for transport in (plain, slow):
        transport.close()
