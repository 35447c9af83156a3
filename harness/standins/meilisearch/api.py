"""The ASGI application: every route is authorized, its body read within the limit, then handled in a thread."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from harness.standins.meilisearch import (
    ENGINE_VERSION,
    HEADER,
    routes_documents,
    routes_indexes,
    routes_server,
    routes_unsupported,
)
from harness.standins.meilisearch.engine import EngineFailed
from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.server import Answer, Call, Route, SearchServer, error_answer


def make_app(server: SearchServer) -> Starlette:
    """The application over an open database."""
    routes = (*routes_unsupported.ROUTES, *routes_server.ROUTES, *routes_indexes.ROUTES, *routes_documents.ROUTES)
    handlers = {404: _nothing, 405: _nothing}
    return Starlette(routes=[_http_route(server, route) for route in routes], exception_handlers=handlers)


def _nothing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(status_code=error.status_code, headers={HEADER: ENGINE_VERSION})


def _http_route(server: SearchServer, route: Route) -> HttpRoute:
    async def endpoint(request: Request) -> Response:
        try:
            answer = await _answer(server, route, request)
        except ApiError as error:
            answer = error_answer(error)
        except EngineFailed as error:
            answer = error_answer(ApiError("internal", f"An internal error has occurred. `{error}`."))
        except ClientDisconnect:
            answer = Answer(None, 400)
        return Response(
            answer.body,
            answer.status,
            {HEADER: ENGINE_VERSION, **(answer.headers or {})},
            media_type=None if answer.body is None else "application/json",
        )

    typed: Callable[[Request], Awaitable[Response]] = endpoint
    return HttpRoute(route.address, typed, methods=[route.method])


async def _answer(server: SearchServer, route: Route, request: Request) -> Answer:
    if not route.is_open:
        authorize(request.headers.get("authorization"), server.master_key)
    call = Call(
        server=server,
        path=request.path_params,
        query=dict(request.query_params),
        content_type=request.headers.get("content-type"),
        body=await _body(request, server.payload_limit_bytes),
    )
    return await run_in_threadpool(route.handler, call)


async def _body(request: Request, limit_bytes: int) -> bytes:
    """The body, at most `limit_bytes` long."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError("unsupported_media_type", "The embedded server does not support a Content-Encoding.")
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise ApiError(
                "payload_too_large",
                "The provided payload reached the size limit. The maximum accepted payload size is "
                f"{shown_size(limit_bytes)}.",
            )
        chunks.append(chunk)
    return b"".join(chunks)


def shown_size(size_bytes: int) -> str:
    """A size as the server words it: `100 MB`, `10 MiB`."""
    step, units = (1024, ("KiB", "MiB", "GiB")) if size_bytes % 1024 == 0 else (1000, ("KB", "MB", "GB"))
    value, unit = float(size_bytes), "B"
    for name in units:
        if value < step:
            break
        value, unit = value / step, name
    return f"{value:.2f}".rstrip("0").rstrip(".") + f" {unit}"


def authorize(header: str | None, master_key: str | None) -> None:
    """Let a request through.

    Args:
        master_key: None where the server runs without one: then everybody is let in.

    Raises:
        ApiError: missing_authorization_header or invalid_api_key.
    """
    if master_key is None:
        return
    if header is None or not header.startswith("Bearer"):
        raise ApiError(
            "missing_authorization_header",
            "The Authorization header is missing. It must use the bearer authorization method.",
        )
    token = header.removeprefix("Bearer").strip()
    if not hmac.compare_digest(token.encode(), master_key.encode()):
        raise ApiError("invalid_api_key", "The provided API key is invalid.")
