"""Servers on this machine, which answer as stores do, or as they should not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEYS = {
    "AWS_ACCESS_KEY_ID": "an-id",
    "AWS_SECRET_ACCESS_KEY": "a-key",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""What a client of S3 needs besides `AWS_ENDPOINT_URL`."""


class Answer(NamedTuple):
    """An answer of a server: after some seconds, with a body that may come in slow pieces.

    A header without a value is omitted.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    seconds: float = 0
    seconds_per_piece: float = 0


class Server:
    """A server whose answers a function chooses by the path of a request."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[str] = []


class _Listener(ThreadingHTTPServer):
    """Lets many clients connect at once."""

    request_queue_size = 128


@contextmanager
def serving(answer: Callable[[str, int], Answer]) -> Iterator[Server]:
    """Serve what a function answers to a path that was requested for the n-th time."""

    class Handler(BaseHTTPRequestHandler):
        server_of_test: ClassVar[Server]

        def do_GET(self) -> None:
            requests = self.server_of_test.requests
            requests.append(self.path)
            found = answer(self.path, requests.count(self.path))
            time.sleep(found.seconds)
            self.send_response(found.status)
            for name, value in {"Content-Length": str(len(found.body)), **found.headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            if not found.seconds_per_piece:
                self.wfile.write(found.body)
                return
            for number in range(len(found.body)):
                self.wfile.write(found.body[number : number + 1])
                time.sleep(found.seconds_per_piece)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def handle(self) -> None:
            # The client may end the connection early.
            with suppress(ConnectionError):
                super().handle()

    server = _Listener(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    Handler.server_of_test = Server(f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Handler.server_of_test
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def s3_server() -> Iterator[str]:
    """Run a server of S3 in a process of its own; yields its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = os.fspath(Path(sys.executable).with_name("moto_server"))
    command = [server, "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | KEYS
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/moto-api/data.json")
        yield url
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
