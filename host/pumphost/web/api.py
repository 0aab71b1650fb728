"""What pages ask for and have done, as JSON: every answer is what happened, every refusal a sentence.

    POST /api/review {"action": "refill", "form": {…}}          ->  present and proposed side by side
    POST /api/commit {"review": "…", "confirmed": ["large"]}          ->  {"sentence": "Refill read back: …"}

Roles are those of the link (`access`), a review is committed once, by the browser that has seen it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from pumphost.entry import FIELDS
from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, Refused, TransportError
from pumphost.programmer import Clock, Programmer
from pumphost.two_phase import SoftLimits
from pumphost.web import forms, orders
from pumphost.web.access import Access, NotAllowed, Visitor
from pumphost.web.bench import BenchRefused
from pumphost.web.bridge import Bridge, Settled
from pumphost.web.guard import Guard, cookie_name
from pumphost.web.kept import NoRuns, Runs
from pumplink import codes, messages

DAY_S = 86_400
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
)
T = TypeVar("T")
Answer = dict[str, Any]
_IMMEDIATE = {"stop": messages.STOP, "silence": messages.SILENCE, "abort": messages.ABORT_BOLUS}


class Api:
    """Handlers; `clock` is that of this computer as a pump wants it."""

    def __init__(
        self, bridge: Bridge, access: Access, guard: Guard, clock: Callable[[], Clock], runs: Runs
    ) -> None:  # fmt: skip
        self.bridge = bridge
        self.access = access
        self.guard = guard
        self.clock = clock
        self.kept = runs
        self._reviews: dict[str, tuple[Visitor, orders.Review, float]] = {}

    async def _on_pump(self, job: Callable[[Programmer], T]) -> T:
        return await asyncio.wrap_future(self.bridge.submit(job))

    # -- who --------------------------------------------------------------------------------------

    async def session(self, request: Request) -> Response:
        """Who this browser is; where everybody may enter, it enters."""
        visitor = self.access.visitor(request.cookies.get(cookie_name(request)))
        if visitor is None and not self.access.open:
            return JSONResponse({"needs_token": True}, 401)
        return self._welcome(request, visitor or self.access.enter())

    async def enter(self, request: Request) -> Response:
        self.guard.own_origin(request.headers)
        token = (await body_of(request)).get("token")
        return self._welcome(request, self.access.enter(token if isinstance(token, str) else ""))

    def _welcome(self, request: Request, visitor: Visitor) -> Response:
        who = {"csrf": visitor.csrf, "public": visitor.public, "remote": visitor.remote}
        response = JSONResponse({**who, "role": codes.ROLES[self.access.role(visitor)]})
        name = cookie_name(request)
        response.set_cookie(name, visitor.cookie, httponly=True, samesite="strict", path="/")
        return response

    async def clinician(self, request: Request) -> Answer:
        """Take the clinician's place, or give it back and end the session at the pump."""
        visitor = self.guard.acting(request)
        if (await body_of(request)).get("take"):
            self.access.take_clinician(visitor)
            return {"role": "clinician"}
        if self.access.leave_clinician(visitor):
            await self._on_pump(lambda pump: pump.session.close())
        return {"role": "patient"}

    # -- acting -----------------------------------------------------------------------------------

    async def bolus(self, request: Request) -> Answer:
        """The patient's button: granted, or denied with the reason and the time left."""
        self.access.require(self.guard.acting(request), messages.REQUEST_BOLUS)
        try:
            granted = await self._on_pump(lambda pump: pump.bolus())
        except Refused as exc:
            timed = (codes.LOCKOUT, codes.MAX_COUNT, codes.LOCKED_OUT)
            left_ms = exc.info if exc.code in timed else None
            return {"granted": False, "reason": exc.name, "sentence": str(exc), "left_ms": left_ms}
        return {"granted": True, **granted.to_dict()}

    async def act(self, request: Request) -> Answer:
        """What needs no review: stop, silence, the end of a bolus."""
        visitor = self.guard.acting(request)
        asked = await body_of(request)
        action = asked.get("action")
        if action not in _IMMEDIATE:
            raise HTTPException(404, f"no action {action!r}: there are {', '.join(_IMMEDIATE)}")
        self.access.require(visitor, _IMMEDIATE[action])
        if action == "stop":
            reason = str(asked.get("reason", "clinician"))

            def stop(pump: Programmer) -> Answer:
                stopped = pump.stop(reason)  # first: nothing is to hold it back
                return {"sentence": "Stopped.", **stopped.to_dict(), "alarm_codes": pump.status().alarm_codes}

            return await self._on_pump(stop)
        if action == "silence":
            await self._on_pump(lambda pump: pump.silence())
            return {"sentence": "Silent for two minutes; light and alarm stay."}
        ended = await self._on_pump(lambda pump: pump.abort_bolus())
        return {"sentence": "Bolus ended.", **ended.to_dict()}

    async def review(self, request: Request) -> Answer:
        visitor = self.guard.acting(request)
        asked = await body_of(request)
        action, form = asked.get("action"), asked.get("form")
        if action not in orders.MESSAGES:
            raise HTTPException(404, f"no action {action!r}: there are {', '.join(orders.MESSAGES)}")
        self.access.require(visitor, orders.MESSAGES[action])
        typed = form if isinstance(form, dict) else {}
        made = await self._on_pump(lambda pump: orders.review(pump, action, typed, self.clock))
        now_s = time.monotonic()
        self._reviews = {key: row for key, row in self._reviews.items() if now_s - row[2] < orders.PENDING_S}
        self._reviews[made.id] = (visitor, made, now_s)
        return made.to_dict()

    async def commit(self, request: Request) -> Answer:
        visitor = self.guard.acting(request)
        asked = await body_of(request)
        owner, made, began_s = self._reviews.pop(str(asked.get("review")), (None, None, 0.0))
        if made is None or owner is not visitor or time.monotonic() - began_s > orders.PENDING_S:
            raise orders.ReviewRefused("not committed: there is no such review any more; make a new one and look at it")
        self.access.require(visitor, orders.MESSAGES[made.action])
        given = asked.get("confirmed")
        confirmed = [str(key) for key in given] if isinstance(given, list) else []
        try:
            done = await self._on_pump(lambda pump: orders.commit(pump, made, confirmed))
        except SoftLimits as exc:
            self._reviews[made.id] = (visitor, made, time.monotonic())
            return {"again": made.to_dict(), "sentence": str(exc)}
        if made.filled_nl is not None and self.bridge.bench is not None:
            await self._bench({"do": "fill", "volume_nl": made.filled_nl})  # the hands that a simulated pump lacks
        return done

    async def check(self, request: Request) -> Answer:
        """What is wrong with a form, or with one field of it. Nothing is sent to the pump."""
        self.guard.acting(request)
        asked = await body_of(request)
        typed = asked.get("form")
        form: dict[str, Any] = typed if isinstance(typed, dict) else {}
        key = asked.get("field")
        try:
            if key in FIELDS:
                forms.read_fields(form, key)
            else:
                therapy = forms.therapy_of(form)
                return {"problems": [], "therapy": therapy.to_dict()}
        except forms.FormRefused as exc:
            return {"problems": exc.problems}
        return {"problems": []}

    async def bench(self, request: Request) -> Answer:
        """Faults, hands and time of a simulated pump."""
        self.access.require_bench(self.guard.acting(request))
        return await self._bench(await body_of(request))

    async def advance(self, request: Request) -> Answer:
        """Time of a simulated pump goes on by whole seconds at once."""
        self.access.require_bench(self.guard.acting(request))
        seconds = (await body_of(request)).get("seconds")
        if not isinstance(seconds, int) or not 0 < seconds <= DAY_S:
            raise HTTPException(422, f"time not advanced: {seconds!r} is no whole number of seconds from 1 to {DAY_S}")
        if self.bridge.bench is None:
            raise BenchRefused("time not advanced: that of a real pump goes as it goes")
        await asyncio.wrap_future(self.bridge.advance(seconds))
        return {"sentence": f"{seconds} s have passed."}

    async def _bench(self, asked: Answer) -> Answer:
        bench = self.bridge.bench
        if bench is None:
            raise BenchRefused(
                "this pump has no simulated surroundings: faults can be put into a pump that pumpbench web has started"
            )
        return await run_in_threadpool(bench.ask, asked)

    # -- looking ----------------------------------------------------------------------------------

    async def history(self, request: Request) -> Answer:
        self.guard.looking(request)
        return self.bridge.history.view()

    async def fields(self, request: Request) -> Answer:
        self.guard.looking(request)
        return forms.field_rows()

    async def faults(self, request: Request) -> Answer:
        self.guard.looking(request)
        return await self._bench({"do": "faults"})

    async def program(self, request: Request) -> Answer:
        """The active program as it was read back last; not for a remote control."""
        self.access.require_bench(self.guard.looking(request))
        document = self.bridge.state.document
        return {"program": document.get("program"), "trouble": document.get("program_trouble", "")}

    async def runs(self, request: Request) -> Answer:
        self.access.require_bench(self.guard.looking(request))
        return await run_in_threadpool(self.kept.listed)

    async def run(self, request: Request) -> Answer:
        self.access.require_bench(self.guard.looking(request))
        return await run_in_threadpool(self.kept.shown, request.path_params["number"])

    async def report(self, request: Request) -> Response:
        """A page of somebody else's making: in a sandbox, where it has neither our origin nor our cookie."""
        self.access.require_bench(self.guard.looking(request))
        page = await run_in_threadpool(self.kept.report)
        return HTMLResponse(page, headers={"Content-Security-Policy": REPORT_POLICY})

    async def log(self, request: Request) -> Answer:
        """Records from a number on; the newest where none is named."""
        self.access.require(self.guard.looking(request), messages.LOG_READ)
        after = request.query_params.get("from", "")
        first = int(after) if after.isdecimal() else None

        def read(pump: Programmer) -> list[Any]:
            newest = pump.status().log_next
            return pump.log(max(0, newest - 200) if first is None else first)

        records = await self._on_pump(read)
        return {"records": [record.to_dict() for record in records]}


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises HTTPException 400."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "refused: the request is no JSON")
    try:
        found = json.loads(await request.body())
    except ValueError:
        raise HTTPException(400, "refused: the request is no JSON") from None
    if not isinstance(found, dict):
        raise HTTPException(400, "refused: the request is no JSON object")
    return found


def answering(handler: Callable[[Request], Awaitable[Answer | Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors are sentences with a fitting status."""

    async def answer(request: Request) -> Response:
        try:
            found = await handler(request)
        except forms.FormRefused as exc:
            return JSONResponse({"error": str(exc), "problems": exc.problems}, 422)
        except HTTPException as exc:
            return JSONResponse({"error": exc.detail}, exc.status_code)
        except PumpError as exc:
            return JSONResponse({"error": str(exc), "kind": type(exc).__name__}, _status(exc))
        return found if isinstance(found, Response) else JSONResponse(found)

    return answer


def _status(exc: PumpError) -> int:
    if isinstance(exc, NotAllowed):
        return 403
    if isinstance(exc, NoRuns):
        return 404
    if isinstance(exc, OutcomeUnknown | Settled):
        return 502
    return 503 if isinstance(exc, NoAnswer | TransportError) else 409
