"""Refuse requests that do not come from the page itself: Host and Origin are checked, and a token if there is one."""

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """ASGI middleware that lets only the page's own requests pass.

    A page of another site could otherwise read the models through the browser: directly, or under a name that it lets
    point to this machine (DNS rebinding).

    Args:
        app: The application.
        hosts: Permitted values of the header Host; None for any, with a token.
        token: Secret that the first request must have as ``?token=``, after which it is in a cookie; None for none.
        port: Port of the server, part of the cookie's name, as browsers share cookies among ports.

    Raises:
        ValueError: If any host is permitted without a token.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str] | None, token: str | None, port: int) -> None:
        if hosts is None and token is None:
            raise ValueError("token must be given if any host is permitted, got None; pass a secret")
        self._app, self._hosts, self._token, self._cookie = app, hosts, token, f"textkit-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        app = self._app if refusal is None else refusal

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in _HEADERS.items())]
            await send(message)

        await app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._hosts is not None and host not in self._hosts:
            return PlainTextResponse("The page is for this machine alone; --host admits others.", 403)
        if origin is not None and origin != f"http://{host}":
            return PlainTextResponse("Requests from other sites are refused.", 403)
        if self._token is None or self._is_token(self._cookie_of(headers)):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if not self._is_token(given):
            return PlainTextResponse("Open the address with the token that the command printed.", 401)
        # The token leaves the address bar, so that it is not copied with a link or a screenshot.
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, given, httponly=True, samesite="strict")
        return answer

    def _is_token(self, given: str) -> bool:
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())

    def _cookie_of(self, headers: Headers) -> str:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return ""
        return cookies[self._cookie].value if self._cookie in cookies else ""
