"""Transports: the in-memory pair, and one contract that every real one passes too."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from rfc2217_redirector import Redirector

from pumphost.errors import TransportError
from pumphost.transport import Transport, clock_of, open_transport
from pumphost.transport.memory import memory_pair
from pumphost.transport.pty import PtyServer
from pumphost.transport.serial_url import SerialTransport
from pumphost.transport.tcp import TcpServer

pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own reader thread
EVERY_BYTE = bytes(range(256))
Pair = tuple[Transport, Transport]


def pair_over_memory(stack: ExitStack) -> Pair:
    return memory_pair()


def pair_over_pty(stack: ExitStack) -> Pair:
    server = stack.enter_context(PtyServer())
    return stack.enter_context(closing(SerialTransport(server.path))), server


def pair_over_tcp(stack: ExitStack) -> Pair:
    server = stack.enter_context(TcpServer("127.0.0.1:0"))
    client = stack.enter_context(closing(SerialTransport(server.url)))
    assert server.read(0.2) == b""  # takes the client in
    return client, server


def pair_over_rfc2217(stack: ExitStack) -> Pair:
    server = stack.enter_context(TcpServer("127.0.0.1:0"))
    redirector = stack.enter_context(Redirector(server.url))
    client = stack.enter_context(closing(SerialTransport(redirector.url)))
    assert server.read(0.2) == b""
    return client, server


@pytest.fixture(params=[pair_over_memory, pair_over_pty, pair_over_tcp, pair_over_rfc2217])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """(client, server) of one line."""
    if request.param is pair_over_pty and not hasattr(os, "openpty"):
        pytest.skip("no pseudo-terminals on this system")
    with ExitStack() as stack:
        make: Callable[[ExitStack], Pair] = request.param
        yield make(stack)


def read_all(end: Transport, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = end.read(1.0)
        assert chunk, f"only {len(data)} of {count} bytes arrived"
        data += chunk
    return data


# -- the contract -------------------------------------------------------------------------------------


def test_every_byte_passes_unchanged_in_both_directions(pair: Pair) -> None:
    for here, there in (pair, pair[::-1]):
        here.write(EVERY_BYTE)
        assert read_all(there, 256) == EVERY_BYTE


def test_a_read_of_nothing_takes_its_timeout_on_the_own_clock(pair: Pair) -> None:
    for end in pair:
        clock = clock_of(end)
        before = clock()
        assert end.read(0.05) == b""
        assert 0.05 - 1e-9 <= clock() - before < 1.0


def test_a_read_of_something_does_not_wait(pair: Pair) -> None:
    here, there = pair
    here.write(b"x")
    clock = clock_of(there)
    before = clock()
    assert there.read(5.0) == b"x"
    assert clock() - before < 2.0


def test_closing_twice_is_harmless_and_using_it_then_is_a_transport_error(pair: Pair) -> None:
    for end in pair:
        end.close()
        end.close()
    with pytest.raises(TransportError):
        pair[0].write(b"x")
    with pytest.raises(TransportError):
        pair[0].read(0.01)


def test_every_end_is_a_transport_with_a_name(pair: Pair) -> None:
    for end in pair:
        assert isinstance(end, Transport)
        assert end.name


# -- memory -------------------------------------------------------------------------------------------


def test_a_manipulator_cuts_doubles_and_drops_on_its_direction_only() -> None:
    host, pump = memory_pair(to_pump=lambda data: [data[:1], data[1:], data[1:]], to_host=lambda data: [])
    host.write(b"abc")
    pump.write(b"never")
    assert [pump.read(0), pump.read(0), pump.read(0)] == [b"a", b"bc", b"bc"]
    assert host.read(0.1) == b""


def test_both_ends_of_a_pair_share_one_clock_that_only_waiting_moves() -> None:
    host, pump = memory_pair()
    host.read(0.3)
    pump.read(1.0)
    host.write(b"x")
    assert host.now_s() == pump.now_s() == pytest.approx(1.3)


def test_what_was_sent_before_the_other_end_closed_can_still_be_read() -> None:
    host, pump = memory_pair()
    pump.write(b"last words")
    pump.close()
    assert host.read(0.1) == b"last words"
    with pytest.raises(TransportError, match="other end is closed"):
        host.read(0.1)


def test_a_transport_without_a_clock_gets_one_that_stands_still() -> None:
    class Bare:
        name = "bare"

    clock = clock_of(Bare())  # type: ignore[arg-type]
    assert clock() == clock() == 0.0


# -- pty ----------------------------------------------------------------------------------------------


def test_a_pty_outlives_its_clients() -> None:
    with PtyServer() as server:
        for word in (b"one", b"two"):
            with closing(SerialTransport(server.path)) as client:
                client.write(word)
                assert read_all(server, 3) == word
        assert server.read(0.01) == b""


def test_a_pty_does_not_wait_for_a_client_that_does_not_read() -> None:
    with PtyServer() as server:
        for _ in range(200):
            server.write(bytes(1024))
        assert server.dropped > 0


def test_a_pty_is_raw_also_for_a_client_that_sets_nothing() -> None:
    with PtyServer() as server:
        client = os.open(server.path, os.O_RDWR | os.O_NOCTTY)
        try:
            server.write(b"\r\n\x03\x04\x11\x13\xff\x00")  # what a terminal would act on, and echo
            assert os.read(client, 100) == b"\r\n\x03\x04\x11\x13\xff\x00"
            assert server.read(0.05) == b""
        finally:
            os.close(client)


def test_the_link_to_a_pty_lives_as_long_as_the_pty(tmp_path) -> None:
    link = tmp_path / "pump"
    with PtyServer(link) as server:
        assert os.readlink(link) == server.path
    assert not link.is_symlink()
    link.symlink_to("/nowhere")  # left behind by a server that was killed
    with PtyServer(link) as server:
        assert os.readlink(link) == server.path


def test_the_link_to_a_pty_never_replaces_a_file(tmp_path) -> None:
    link = tmp_path / "pump"
    link.write_text("precious")
    with pytest.raises(TransportError, match="file exists; name a path that does not exist"):
        PtyServer(link)
    assert link.read_text() == "precious"


# -- tcp ----------------------------------------------------------------------------------------------


def test_the_newest_client_gets_the_line() -> None:
    with TcpServer() as server, closing(SerialTransport(server.url)) as first:
        first.write(b"1")
        assert read_all(server, 1) == b"1"
        with closing(SerialTransport(server.url)) as second:
            second.write(b"2")
            assert read_all(server, 1) == b"2"
            server.write(b"for the second")
            assert read_all(second, 14) == b"for the second"


def test_without_a_client_a_server_drops_what_it_writes() -> None:
    with TcpServer() as server:
        server.write(b"nobody")
        assert server.dropped == 6


def test_a_client_that_left_is_noticed_and_the_next_one_served() -> None:
    with TcpServer() as server:
        SerialTransport(server.url).close()
        assert server.read(0.1) == b""
        with closing(SerialTransport(server.url)) as client:
            client.write(b"x")
            assert read_all(server, 1) == b"x"


def test_a_port_number_in_use_is_told_with_the_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TransportError, match=f"cannot listen at {address}: .*in use; choose another"):
            TcpServer(address)


@pytest.mark.parametrize("address", ["5555", "localhost", "localhost:", "localhost:70000", "localhost:x"])
def test_an_address_that_is_none_is_told_with_an_example(address: str) -> None:
    with pytest.raises(TransportError, match=r"HOST:PORT, for example 127\.0\.0\.1:5555"):
        TcpServer(address)


# -- ports that are not there -------------------------------------------------------------------------


@pytest.mark.parametrize("url", [None, "", "  "])
def test_no_port_named(url: str | None) -> None:
    with pytest.raises(TransportError, match="no port named: give --port PORT or set PUMPBENCH_PORT"):
        open_transport(url)


def test_a_dead_port_says_what_was_tried_which_ports_exist_and_what_to_try(monkeypatch, tmp_path) -> None:
    class Port:
        device, description = "/dev/ttyACM7", "Board in FS mode"

    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Port])
    with pytest.raises(TransportError) as caught:
        open_transport(str(tmp_path / "ttyUSB9"))
    text = str(caught.value)
    assert text.startswith(f"cannot open {tmp_path}/ttyUSB9 at 115200 baud: no such file or directory; ")
    assert "serial ports here: /dev/ttyACM7 (Board in FS mode); " in text
    assert "plug the pump in, or name another port" in text
    assert "pumpbench serve" in text


def test_no_ports_at_all_is_said_too(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    with pytest.raises(TransportError, match="serial ports here: none"):
        open_transport(str(tmp_path / "ttyUSB9"))


def test_a_file_is_no_port(tmp_path) -> None:
    path = tmp_path / "therapy.toml"
    path.write_text("x")
    with pytest.raises(TransportError, match="it is not a serial port: name one"):
        open_transport(str(path))


def test_nobody_at_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"socket://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(TransportError, match=f"cannot open {url}: connection refused; .*nobody listens there"):
        open_transport(url)


@pytest.mark.parametrize("url", ["gopher://x", "socket://nowhere-without-a-port"])
def test_a_url_that_means_nothing(url: str) -> None:
    with pytest.raises(TransportError, match=f"cannot open {url}"):
        open_transport(url)


def test_a_port_in_use_by_another_program() -> None:
    with (
        PtyServer() as server,
        closing(SerialTransport(server.path)),
        pytest.raises(TransportError, match="another program holds it"),
    ):
        SerialTransport(server.path)


def test_a_port_that_goes_away_says_so() -> None:
    with TcpServer() as server, closing(SerialTransport(server.url)) as client:
        server.read(0.1)
        server.close()
        with pytest.raises(TransportError, match=r"was lost while reading .*check the cable"):
            client.read(1.0)


def test_loop_url() -> None:
    with closing(open_transport("loop://")) as port:
        port.write(EVERY_BYTE)
        assert read_all(port, 256) == EVERY_BYTE
