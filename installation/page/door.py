"""Who is let in to the page: by the address they asked for, where they come from, and the token.

A page of somebody else's, open in the same browser, can send requests here (its Origin gives it
away), and can give our address a name of its own (then the Host is not ours).
"""

import hmac
from collections.abc import Collection
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

PLAIN_PORT = 80  # browsers leave it out
POLICY = (
    "default-src 'self'; connect-src 'self' ws://{host}; object-src 'none'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Referrer-Policy": "no-referrer",  # the first address holds the token
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def door(token: str, names: Collection[str] = ()) -> Middleware:
    """``token``: asked for once by ``?token=``, then by the cookie that it is answered with; empty
    where it is not asked for. ``names``: of this machine, beside its addresses."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_host(request, hosts(request, names))
        check_origin(request)
        if token:
            check_token(request, token)
        response = await handler(request)
        if token and "token" in request.query and not response.prepared:
            response.set_cookie(cookie(request), token, httponly=True, samesite="Strict")
        return response

    return enter


def tree_door(names: Collection[str] = ()) -> Middleware:
    """Of OSCQuery. libossia says the Host without its port; an address of ours is ours without one
    too, and a name that somebody gave it is no more let in than with one."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_host(request, hosts(request, names) | called(request, names))
        check_origin(request)
        return await handler(request)

    return enter


def check_host(request: web.Request, known: Collection[str]) -> None:
    if request.headers.get("Host", "").lower() not in known:
        raise web.HTTPForbidden(text="Host: expected the address of this show, received another")


def check_origin(request: web.Request) -> None:
    """Browsers tell it of every WebSocket, other programs of nothing; ``null`` is nobody's."""
    if request.headers.get("Origin") not in (None, f"http://{request.headers['Host']}"):
        raise web.HTTPForbidden(text="Origin: expected the page of this show, received another")


def check_token(request: web.Request, token: str) -> None:
    for given in (request.query.get("token"), request.cookies.get(cookie(request))):
        if given is not None and hmac.compare_digest(_bytes(given), _bytes(token)):
            return
    raise web.HTTPForbidden(text="token: expected the one that the show printed, as ?token=...")


def _bytes(text: str) -> bytes:
    """A cookie may hold bytes that are no text."""
    return text.encode(errors="surrogateescape")


def hosts(request: web.Request, names: Collection[str] = ()) -> set[str]:
    """What the Host may be."""
    port = request.get_extra_info("sockname")[1]
    called_so = called(request, names)
    return {f"{name}:{port}" for name in called_so} | (called_so if port == PLAIN_PORT else set())


def called(request: web.Request, names: Collection[str]) -> set[str]:
    """What this machine may be called: the very address that the connection came to, whatever
    network it belongs to, ``localhost`` on this machine, or one of ``names``."""
    address = request.get_extra_info("sockname")[0]
    return {address, *names, *(("localhost",) if ip_address(address).is_loopback else ())}


def cookie(request: web.Request) -> str:
    """Two shows on one machine share their cookies, whatever their ports."""
    return f"kaleidream-{request.get_extra_info('sockname')[1]}"


async def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Whatever is answered, refusals too."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache")
    response.headers["Content-Security-Policy"] = POLICY.format(host=request.headers.get("Host"))
