"""Ports that are somewhere else or have another name today: rfc2217:// servers, and boards by their USB serial number.

The server of RFC 2217 is pyserial's own, behind it a TCP line; the contract that every transport passes is in
test_transport.py.
"""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, closing
from types import SimpleNamespace

import pytest
from fake_pump import fake_pump, keys_of, rng
from rfc2217_redirector import Redirector

from pumphost.errors import TransportError
from pumphost.programmer import Programmer
from pumphost.transport import Transport, open_transport
from pumphost.transport.pty import PtyServer
from pumphost.transport.serial_url import SerialTransport
from pumphost.transport.tcp import TcpServer

pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own reader thread


def read_all(end: Transport, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = end.read(1.0)
        assert chunk, f"only {len(data)} of {count} bytes arrived"
        data += chunk
    return data


# -- rfc2217 ------------------------------------------------------------------------------------------


def test_the_speed_of_the_line_reaches_a_server_of_rfc_2217() -> None:
    with (
        TcpServer() as server,
        Redirector(server.url) as redirector,
        closing(open_transport(redirector.url, baud=9_600)) as client,
    ):
        client.write(b"x")
        assert read_all(server, 1) == b"x"
        assert redirector.bauds[-1] == 9_600


def use(client: Transport) -> None:
    for _ in range(100):
        client.write(b"x")
        client.read(0.05)


def test_a_server_of_rfc_2217_that_goes_away_is_a_lost_line() -> None:
    with TcpServer() as server, Redirector(server.url) as redirector, closing(open_transport(redirector.url)) as client:
        redirector.close()
        with pytest.raises(TransportError, match=r"^rfc2217://.* was lost while (reading|writing)"):
            use(client)


def test_nobody_at_an_rfc_2217_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"rfc2217://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(TransportError, match=f"cannot open {url} at 115200 baud: "):
        open_transport(url)


def test_a_pump_can_be_asked_over_rfc_2217() -> None:
    """A whole session of the programmer; the other end is the scripted pump."""
    with ExitStack() as stack:
        server = stack.enter_context(TcpServer("127.0.0.1:0"))
        redirector = stack.enter_context(Redirector(server.url))
        client = stack.enter_context(closing(SerialTransport(redirector.url)))
        _, fake = fake_pump()
        pump = Programmer(client, keys=keys_of, rng=rng())
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                fake.host.write(server.read(0.05))
                while data := fake.host.read(0):
                    server.write(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert pump.limits().reservoir_nl == 20_000_000
        assert pump.stop().mode == 1
        ended.set()
        thread.join(timeout=5)
        assert fake.handshakes == 2


# -- USB serial numbers -----------------------------------------------------------------------------------


def usb_ports(monkeypatch: pytest.MonkeyPatch, *ports: tuple[str, str | None]) -> None:
    """This computer has ports of these (device, serial number)."""
    found = [SimpleNamespace(device=d, serial_number=n, description="Board in FS mode") for d, n in ports]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)


def test_a_board_is_found_by_its_usb_serial_number_wherever_it_is(monkeypatch) -> None:
    with PtyServer() as server:
        usb_ports(monkeypatch, ("/dev/ttyS0", None), (server.path, "E6614103E7452D2F"), ("/dev/ttyACM9", "OTHER"))
        with closing(open_transport("usb:e6614103e7452d2f")) as client:
            assert client.name == server.path
            client.write(b"x")
            assert read_all(server, 1) == b"x"


@pytest.mark.parametrize("ports,words", [
    ([("/dev/ttyACM0", "AAAA"), ("/dev/ttyACM1", "BBBB")],
     "no serial port with USB serial number E661; USB serial ports here: usb:AAAA (/dev/ttyACM0), "
     "usb:BBBB (/dev/ttyACM1); plug the pump in, or name another port"),
    ([("/dev/ttyS0", None)], "USB serial ports here: none (serial ports here: /dev/ttyS0 (Board in FS mode)); plug"),
    ([], "USB serial ports here: none (serial ports here: none); plug the pump in"),
    ([("/dev/ttyACM0", "E6614103E7452D2F")], "USB serial ports here: usb:E6614103E7452D2F (/dev/ttyACM0)"),
    ([("/dev/ttyACM0", "E661"), ("/dev/ttyACM1", "e661")],
     "several ports have USB serial number E661: /dev/ttyACM0, /dev/ttyACM1; name one of them: --port DEVICE"),
])  # fmt: skip
def test_a_usb_serial_number_that_is_not_there_or_not_alone_is_told(monkeypatch, ports, words: str) -> None:
    usb_ports(monkeypatch, *ports)
    with pytest.raises(TransportError) as caught:
        open_transport("usb:E661")
    assert words in str(caught.value)


def test_no_number_behind_usb(monkeypatch) -> None:
    usb_ports(monkeypatch, ("/dev/ttyACM0", "E661"))
    with pytest.raises(TransportError, match="no number behind usb:; USB serial ports here: usb:E661"):
        open_transport("usb: ")
