"""Who may see the page: whoever has the address with its token, and no other site."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

TOKEN = "token"
COOKIE = "reirradiation_review_{}"
REFUSAL = "refused: open the whole address that the program printed, with its token"
# Vue compiles the page in the browser, which needs unsafe-eval; nothing may come from elsewhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws://{host} wss://{host}; frame-ancestors 'none'; base-uri 'self'; "
    "form-action 'none'"
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Access:
    """A random token and the check of every request for it, the websocket's included.

    The token of the address becomes a cookie of the browser for what the page loads. Browsers send
    cookies of one port to all ports of a host, so a websocket must also come from our own page.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def middleware(self) -> Callable:
        """Return the middleware of the web server."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            given = request.query.get(TOKEN)
            cookie = COOKIE.format(request.url.port)
            shown = given or request.cookies.get(cookie, "")
            if not self._is_ours(shown) or not _is_own_origin(request):
                return web.Response(status=403, text=REFUSAL)
            try:
                response = await handler(request)
            except web.HTTPException as redirect:
                response = redirect
            _protect(response, request)
            if given and not response.prepared:
                response.set_cookie(cookie, self.token, httponly=True, samesite="Strict")
            if isinstance(response, web.HTTPException):
                raise response
            return response

        return check

    def _is_ours(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(), self.token.encode())

    def address(self, host: str, port: int) -> str:
        """Return the address of the page."""
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}/?{TOKEN}={self.token}"


def _is_own_origin(request: web.Request) -> bool:
    """Browsers say where a websocket comes from; programs without a browser say nothing."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.url.scheme}://{request.host}"


def _protect(response: web.StreamResponse, request: web.Request) -> None:
    if response.prepared:
        return
    response.headers["Content-Security-Policy"] = POLICY.format(host=request.host)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
