"""Serve the pages until Ctrl-C: the bridge, the application, and what lets go of both.

serve(bridge, access, host="127.0.0.1", port=8080, clock=this_clock, on_ready=print)
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from pumphost.errors import PumpError
from pumphost.programmer import Clock
from pumphost.web.access import Access
from pumphost.web.app import make_app
from pumphost.web.bridge import Bridge
from pumphost.web.kept import Runs

CLOSE_S = 2


class CannotListen(PumpError):
    """The port for browsers is not to be had."""


def serve(
    bridge: Bridge,
    access: Access,
    runs: Runs,
    *,
    host: str,
    port: int,
    clock: Callable[[], Clock],
    on_ready: Callable[[str], None],
) -> None:
    """`on_ready` is told the address of the page. Port 0: any free one. Raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # before anybody is told: who comes early waits
    except OSError as exc:
        listener.close()
        reason = (exc.strerror or str(exc)).lower()
        raise CannotListen(f"cannot serve pages at {host}:{port}: {reason}; choose another with --http-port") from exc
    config = uvicorn.Config(
        make_app(bridge, access, runs, clock=clock), log_level="warning", access_log=False, server_header=False,
        ws_max_size=4096, ws_per_message_deflate=False, timeout_graceful_shutdown=CLOSE_S, lifespan="on",
    )  # fmt: skip
    bridge.start()
    try:
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        on_ready(f"http://{shown}:{listener.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        bridge.close()
        listener.close()
