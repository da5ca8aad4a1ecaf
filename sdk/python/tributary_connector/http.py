"""Requests below a connection's base address. A status is no error until `ok()` is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .connections import Connection
from .contract import imported
from .errors import Error, from_host
from .reader import Reader

_contract = imported("http")

# Characters of a refusing answer that go into a message.
SAID_CHARS = 300
# Bytes of a refusing answer that are read for it.
SAID_BYTES = 4096

Pairs = Mapping[str, str] | Iterable[tuple[str, str]]


class Answer:
    """The answer to a request. `label` is how people call the request."""

    def __init__(self, label: str, status: int, headers: list[tuple[str, str]], body: Reader) -> None:
        self.label = label
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def ok(self) -> Answer:
        """This answer if its status is 2xx; otherwise raises the error that the status stands for."""
        if 200 <= self.status < 300:
            return self
        raise self._error()

    def _error(self) -> Error:
        said = " ".join(self.body.read(SAID_BYTES).decode("utf-8", "replace").split())[:SAID_CHARS]
        message = f"{self.label}: status {self.status}" + (f": {said}" if said else "")
        wait = self.retry_after_ms()
        match self.status:
            case 401 | 403:
                return Error("auth", message)
            case 404 | 410:
                return Error("not_found", message)
            case 429:
                return Error.rate_limited(message, wait)
            case 503 if wait is not None:
                return Error.rate_limited(message, wait)
            case 408 | 425:
                return Error.transient(message, "source_protocol")
            case status if status >= 500:
                return Error.transient(message, "source_protocol")
            case status if 300 <= status < 400:
                return Error("config", f"{message}; redirects are not followed, correct the base address or the path")
        return Error.data(message)

    def retry_after_ms(self) -> int | None:
        """`Retry-After` in seconds. The date form is passed over: the platform then waits by itself."""
        told = (self.header("retry-after") or "").strip()
        return min(int(told) * 1000, 86_400_000) if told.isdecimal() else None


@from_host
def send(
    connection: Connection,
    method: str,
    path: str,
    *,
    query: Pairs = (),
    headers: Pairs = (),
    body: bytes | None = None,
    idempotency_key: str | None = None,
    timeout_ms: int | None = None,
) -> Answer:
    """Sends a request. The host sets host, credentials, encoding; it refuses such headers here."""
    request = _contract.Request(
        _contract.Method[method.upper()],
        path,
        _pairs(query),
        _pairs(headers),
        body,
        idempotency_key,
        timeout_ms,
    )
    answer = _contract.send(connection.handle, request)
    return Answer(f"{method.upper()} {path}", answer.status, list(answer.headers), Reader(answer.body))


def get(connection: Connection, path: str, query: Pairs = (), headers: Pairs = ()) -> Answer:
    """A GET for JSON."""
    return send(connection, "get", path, query=query, headers=[("accept", "application/json"), *_pairs(headers)])


def _pairs(pairs: Pairs) -> list[tuple[str, str]]:
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return [(name, str(value)) for name, value in items]
