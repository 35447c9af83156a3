"""Pages that are fetched from the application, and work in the background."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from harness.base.background import one_ahead, side_by_side
from harness.base.errors import ServerFailed
from harness.runtime.services.apiary import fetch

BODY = b"0123456789" * 20_000


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            answer(self)
            self.close_connection = True

        def log_message(self, *arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def plain(handler: BaseHTTPRequestHandler) -> None:
    handler.send_header("Content-Length", str(len(BODY)))
    handler.end_headers()
    handler.wfile.write(BODY)


def packed(handler: BaseHTTPRequestHandler) -> None:
    body = gzip.compress(BODY)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def chunked(handler: BaseHTTPRequestHandler) -> None:
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for start in range(0, len(BODY), 7777):
        part = BODY[start : start + 7777]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
    handler.wfile.write(b"0\r\n\r\n")


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_header("Content-Length", str(len(BODY)))
    handler.end_headers()
    handler.wfile.write(BODY[:1000])


def dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(200):
        try:
            handler.wfile.write(b"x")
        except OSError:
            return
        time.sleep(0.05)


def test_every_way_of_sending_a_page_gives_the_same() -> None:
    for answer in (plain, packed, chunked):
        with serving(answer) as url:
            page = fetch(requests.Session(), url, timeout_s=10)
        assert (page.status, page.size_bytes, page.sha256) == (200, len(BODY), hashlib.sha256(BODY).hexdigest())
        assert page.beginning == BODY[: 1 << 18]


def test_a_page_that_is_cut_or_drips_is_reported() -> None:
    with serving(cut) as url, pytest.raises(ServerFailed, match="does not answer: "):
        fetch(requests.Session(), url, timeout_s=10)
    with serving(dripping) as url, pytest.raises(ServerFailed, match=r"did not complete its answer within 0\.2 s"):
        fetch(requests.Session(), url, timeout_s=10, whole_s=0.2)


def test_results_and_errors_come_when_they_are_asked_for() -> None:
    both = threading.Barrier(2, timeout=60)
    with side_by_side(2) as background:
        numbers = [background(lambda number: (both.wait(), number)[1], number) for number in (1, 2)]
        failed = background(int, "x")
        assert [number.result() for number in numbers] == [1, 2]
        with pytest.raises(ValueError, match="invalid literal"):
            failed.result()


def test_an_error_of_the_block_does_not_wait_for_what_hangs() -> None:
    goes_on, begun, started = threading.Event(), list[str](), list[Future[object]]()

    def gone() -> None:
        with side_by_side(1) as background:
            started.extend((background(goes_on.wait, 60), background(begun.append, "late")))
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        gone()
    hanging, never = started
    assert not hanging.done()
    goes_on.set()
    assert hanging.result(timeout=60)
    assert never.cancelled()
    assert begun == []


def test_one_item_is_made_ahead_and_an_error_comes_in_its_place() -> None:
    made = list[int]()

    def items() -> Iterator[int]:
        for number in (1, 2):
            made.append(number)
            yield number
        raise ValueError("no third")

    ahead = one_ahead(items())
    assert (next(ahead), next(ahead)) == (1, 2)
    assert made == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(ahead)
    assert list(one_ahead(iter([[3], []]))) == [[3], []]
