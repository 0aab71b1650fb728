"""The state to every browser, several times a second: encoded once, sent to all; who is slow skips some.

    stream = Stream(bridge, access)
    await stream.serve(websocket)

Pages only listen. When nothing is new a beat goes out all the same, so that a page knows the age of what it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

from starlette.websockets import WebSocket, WebSocketDisconnect

from pumphost.web.access import Access
from pumphost.web.bridge import Bridge

LOOK_S = 0.05
BEAT_S = 0.5


class Stream:
    """One task makes the messages; each socket sends the newest."""

    def __init__(self, bridge: Bridge, access: Access) -> None:
        self._bridge = bridge
        self._access = access
        self._message = ""
        self._number = 0
        self._news = asyncio.Condition()

    async def make(self) -> None:
        """For as long as the server runs."""
        version, beat_s = -1, 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            beat_s += LOOK_S
            if not self._bridge.viewers or (self._bridge.state.version == version and beat_s < BEAT_S):
                continue
            version, beat_s = self._bridge.state.version, 0.0
            message = json.dumps(self._document(), separators=(",", ":"))
            async with self._news:
                self._message, self._number = message, self._number + 1
                self._news.notify_all()

    def _document(self) -> dict[str, object]:
        state = self._bridge.state
        holder = self._access.clinician()
        return {
            **{name: part for name, part in state.document.items() if name != "program"},  # not for a patient
            "version": state.version, "age_ms": state.age_ms(), "trouble": state.trouble,
            "clinician": holder.public if holder else None, "clinician_left_s": round(self._access.left_s()),
            "row": self._bridge.history.last_row(), "browsers": self._bridge.viewers,
        }  # fmt: skip

    async def serve(self, socket: WebSocket) -> None:
        """Until the browser goes."""
        await socket.accept()
        self._bridge.viewers += 1
        self._bridge.submit(lambda pump: None)  # it looks less often while nobody does: now
        listening = asyncio.ensure_future(_until_it_leaves(socket))
        sending = asyncio.ensure_future(self._send(socket))
        try:
            await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._bridge.viewers -= 1
            for task in (listening, sending):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task

    async def _send(self, socket: WebSocket) -> None:
        sent = -1
        while True:
            async with self._news:
                while self._number == sent or not self._message:
                    await self._news.wait()
                message, sent = self._message, self._number
            await socket.send_text(message)


async def _until_it_leaves(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
