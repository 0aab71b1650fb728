"""What every request has to pass: its host, its origin, its browser, its proof that a page of ours has sent it.

    visitor = guard.acting(request)         # HTTPException with a sentence, or who asks

Nothing acts by GET. A request that acts comes from our own origin, with the browser's cookie, and with the token that
only our own page can have read (CSRF). Where no token is asked for, only names of this computer are answered (DNS
rebinding).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from pumphost.web.access import Access, Visitor

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BODY_BYTES = 65_536
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def cookie_name(request: HTTPConnection) -> str:
    """One for each server of this computer: cookies know hosts and no ports."""
    return f"pumpbench-{urlsplit('//' + request.headers.get('host', '')).port or 80}"


class Guard:
    """Judges requests by `access`."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def looking(self, request: HTTPConnection) -> Visitor:
        """Who reads. Raises HTTPException 401."""
        visitor = self.access.visitor(request.cookies.get(cookie_name(request)))
        if visitor is None:
            raise HTTPException(401, "this browser is not known to the server; load the page again")
        return visitor

    def acting(self, request: Request) -> Visitor:
        """Who asks for something to be done. Raises HTTPException 401 or 403."""
        self.own_origin(request.headers)
        visitor = self.looking(request)
        if request.headers.get("x-csrf-token") != visitor.csrf:
            raise HTTPException(403, "refused: the request has not the token of our own page; load the page again")
        return visitor

    def own_origin(self, headers: Headers) -> None:
        """Raises HTTPException 403 for what another site has made a browser send, or that is not said to be ours."""
        origin = headers.get("origin", "")
        if not origin or urlsplit(origin).netloc != headers.get("host"):
            raise HTTPException(403, f"refused: a request from {origin or 'nowhere'} does not act here")

    def known_host(self, headers: Headers) -> bool:
        """Whether this is a name of this computer, where everybody who can reach it may enter."""
        return not self.access.open or urlsplit(f"//{headers.get('host', '')}").hostname in LOOPBACK


class Gate(BaseHTTPMiddleware):
    """Headers on every answer; a foreign host gets none."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        super().__init__(app)
        self._guard = guard

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        if not self._guard.known_host(request.headers):
            return PlainTextResponse("refused: this is not a name of this computer; use localhost\n", 421)
        length = request.headers.get("content-length")
        if length is None and "transfer-encoding" in request.headers:
            return PlainTextResponse("refused: the request does not say how long it is\n", 411)
        if length is not None and int(length) > BODY_BYTES:  # the server has refused what is no number
            return PlainTextResponse("refused: the request is too long\n", 413)
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
