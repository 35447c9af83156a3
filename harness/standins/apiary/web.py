"""The pages of the stand-in; as many requests at a time as it has workers, each with a connection of its own.

`/ping`, `/health`, `/up` and the two pages that `/health` asks for need no login. Everything else logs the visitor in
as the real app does while it masquerades (`CAS_MASQUERADE`): the user is created or updated and, in sandbox mode,
becomes an admin. So every request needs `STANDIN_PASSWORD` (HTTP Basic) where that is set.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hmac import compare_digest

import pymysql
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.standins.apiary import health, maintenance
from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.database import connect, error_text, scalar
from harness.standins.apiary.encryption import DecryptError, parse_app_key
from harness.standins.apiary.login import LoginRefused, MissingAttribute, User, find_user, log_in

_LOG = logging.getLogger("uvicorn.error")

_HOME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Apiary (stand-in)</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}
td{{padding:.2rem 1rem .2rem 0}}
td:last-child{{text-align:right;font-variant-numeric:tabular-nums}}</style></head>
<body><h1>Apiary (stand-in)</h1><p>What is in this database, without deleted rows:</p>
<table>{rows}</table></body></html>
"""
_SERVER_ERROR = "<!doctype html><html><head><title>Server Error</title></head><body>500 Server Error</body></html>"
_COUNTED = ("users", "teams", "events", "attendance", "dues_transactions", "travel", "resumes")


def create_app(config: AppConfig, workers: int) -> Starlette:
    """The application for one configuration, which is read once, when the process starts."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # A page that is not answered yet keeps its worker; whoever comes when none is left waits.
        current_default_thread_limiter().total_tokens = workers
        yield

    def page(handler: Callable[[Request, AppConfig], Response]) -> Callable[[Request], Response]:
        def guarded(request: Request) -> Response:
            if maintenance.down_file(config).exists():
                return PlainTextResponse("Service Unavailable", status_code=503)
            try:
                return handler(request, config)
            except (DecryptError, health.RedisMissing, MissingAttribute) as error:
                _LOG.error("production.ERROR: %s", error)
            except pymysql.MySQLError as error:
                _LOG.error("production.ERROR: %s", error_text(error))
            return HTMLResponse(_SERVER_ERROR, status_code=500)

        return guarded

    return Starlette(
        routes=[
            Route("/ping", page(_ping)),
            Route("/up", _up),
            *(Route(path, page(_public)) for path in health.OWN_PAGES),
            Route("/health", page(_health)),
            Route("/", page(_home)),
            Route("/users/{id}/resume", page(_resume)),
        ],
        exception_handlers={404: _not_found(config)},
        middleware=[Middleware(_PasswordGuard, expected=config.authorization)] if config.authorization else [],
        lifespan=lifespan,
    )


class _PasswordGuard:
    """Lets in whoever has the password (HTTP Basic): behind it every visitor is an administrator."""

    def __init__(self, app: ASGIApp, expected: str) -> None:
        self._app = app
        self._expected = expected.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not compare_digest(given, self._expected):
                challenge = {"WWW-Authenticate": 'Basic realm="restore drill"'}
                await PlainTextResponse("Unauthorized", status_code=401, headers=challenge)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _not_found(config: AppConfig) -> Callable[[Request, Exception], Response]:
    def handler(_request: Request, _error: Exception) -> Response:
        down = maintenance.down_file(config).exists()
        return PlainTextResponse("Service Unavailable" if down else "Not Found", status_code=503 if down else 404)

    return handler


def _ping(_request: Request, _config: AppConfig) -> Response:
    return PlainTextResponse("pong")


def _up(_request: Request) -> Response:
    """Laravel's own route: maintenance mode does not stop it."""
    return HTMLResponse("Application up")


def _public(_request: Request, _config: AppConfig) -> Response:
    return HTMLResponse("<!doctype html><title>Apiary (stand-in)</title>")


def _health(_request: Request, config: AppConfig) -> Response:
    report = health.report(config)
    return JSONResponse(report, status_code=200 if report["status"] == "OK" else 500)


def _visitor(request: Request, config: AppConfig) -> User | Response:
    parse_app_key(config.key)  # the session cookie is encrypted: without a key no page behind a login works
    if not config.cas_hostname or not config.cas_real_hosts:
        # The CAS client cannot be made, and ends the request before anybody could answer it.
        return HTMLResponse("")
    if config.masquerade is None:
        if "json" in request.headers.get("accept", "") or "x-requested-with" in request.headers:
            return PlainTextResponse("Unauthorized", status_code=401)
        target = f"https://{config.cas_hostname}/cas/login?service={request.url}"
        return Response(status_code=302, headers={"Location": target})
    try:
        return log_in(config, config.masquerade)
    except LoginRefused:
        return PlainTextResponse("Forbidden", status_code=403)


def _home(request: Request, config: AppConfig) -> Response:
    visitor = _visitor(request, config)
    if isinstance(visitor, Response):
        return visitor
    rows = []
    with connect(config.database) as connection:
        for table in _COUNTED:
            if scalar(connection, f"show tables like '{table}'") is None:
                continue
            kept = "" if table == "resumes" else " where deleted_at is null"
            count = int(str(scalar(connection, f"select count(*) from {table}{kept}")))
            rows.append(f"<tr><td>{table.replace('_', ' ')}</td><td>{count:,}</td></tr>")
    return HTMLResponse(_HOME.format(rows="".join(rows)))


def _resume(request: Request, config: AppConfig) -> Response:
    visitor = _visitor(request, config)
    if isinstance(visitor, Response):
        return visitor
    owner = find_user(config, request.path_params["id"])
    if owner is None:
        return _problem(422, "User does not exist or was previously deleted.")
    if owner.id != visitor.id and not visitor.can_read_resumes:
        return _problem(403, "You do not have permission to view that resume.")
    path = config.files_dir / "resumes" / f"{owner.uid}.pdf"
    if not path.is_file():
        return _problem(404, "The requested user has no resume.")
    return FileResponse(path, media_type="application/pdf", content_disposition_type="inline", filename=path.name)


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"status": "error", "message": message}, status_code=status)


def serve(config: AppConfig, host: str, port: int, *, workers: int) -> None:
    """Serve until SIGTERM or SIGINT, which end it at once, as they end PHP's server."""
    uvicorn.run(
        create_app(config, workers),
        host=host,
        port=port,
        log_level="info",
        access_log=True,
        timeout_graceful_shutdown=1,
    )
