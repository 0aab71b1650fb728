"""The pages, their API and the stream as one application, from a bridge and an access.

    app = make_app(bridge, access, runs, clock=this_clock)

Everything that a page needs is served from here; nothing is fetched from elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from pumphost.programmer import Clock
from pumphost.web.access import Access
from pumphost.web.api import Api, answering
from pumphost.web.bridge import Bridge
from pumphost.web.guard import Gate, Guard
from pumphost.web.kept import Runs
from pumphost.web.stream import Stream

HERE = Path(__file__).parent
PAGES = {
    "live": "Live", "programmer": "Programmer", "patient": "Patient", "faults": "Faults", "runs": "Runs", "log": "Log",
}  # fmt: skip
POLICY_VIOLATION = 1008


def make_app(bridge: Bridge, access: Access, runs: Runs, *, clock: Callable[[], Clock]) -> Starlette:
    """The application; it starts and closes nothing but its own tasks."""
    guard = Guard(access)
    api = Api(bridge, access, guard, clock, runs)
    stream = Stream(bridge, access)
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "pages"), autoescape=True)

    async def page(request: Request) -> Response:
        name = request.path_params["page"]
        if name not in PAGES:
            raise HTTPException(404, f"no page {name}")
        return HTMLResponse(templates.get_template(f"{name}.html.j2").render(page=name, pages=PAGES))

    async def listen(socket: WebSocket) -> None:
        try:
            if not guard.known_host(socket.headers):
                raise HTTPException(421)
            guard.own_origin(socket.headers)
            guard.looking(socket)
        except HTTPException:
            await socket.close(POLICY_VIOLATION)
            return
        await stream.serve(socket)

    async def home(request: Request) -> Response:
        return RedirectResponse("/live")

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        making = asyncio.ensure_future(stream.make())
        yield
        making.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await making

    def get(path: str, handler: Callable[[Request], object]) -> Route:
        return Route(f"/api/{path}", answering(handler), methods=["GET"])  # type: ignore[arg-type]

    def post(path: str, handler: Callable[[Request], object]) -> Route:
        return Route(f"/api/{path}", answering(handler), methods=["POST"])  # type: ignore[arg-type]

    routes = [
        Route("/", home),
        get("session", api.session), get("history", api.history), get("fields", api.fields), get("faults", api.faults),
        get("log", api.log), get("program", api.program), get("runs", api.runs), get("runs/{number:int}", api.run),
        Route("/report", answering(api.report)),
        post("enter", api.enter), post("clinician", api.clinician), post("bolus", api.bolus), post("act", api.act),
        post("review", api.review), post("commit", api.commit), post("check", api.check), post("bench", api.bench),
        post("advance", api.advance),
        WebSocketRoute("/api/stream", listen),
        Mount("/static", StaticFiles(directory=HERE / "static")),
        Route("/{page}", page),
    ]  # fmt: skip
    return Starlette(routes=routes, middleware=[Middleware(Gate, guard=guard)], lifespan=lifespan)
