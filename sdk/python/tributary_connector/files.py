"""Files behind a connection. SFTP and stores look the same to a connector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .connections import Connection
from .contract import imported
from .errors import from_host
from .reader import Reader

_contract = imported("files")


@dataclass(frozen=True)
class Entry:
    """A regular file."""

    path: str
    size: int
    modified_ms: int

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def entries(connection: Connection, folder: str) -> Iterator[Entry]:
    """The regular files of one folder, by name."""
    page: str | None = None
    while True:
        listing = _list(connection, folder, page)
        for entry in listing.entries:
            yield _entry(entry)
        page = listing.next
        if page is None:
            return


@from_host
def stat(connection: Connection, path: str) -> Entry:
    """Size and time of a file as they are now."""
    return _entry(_contract.stat(connection.handle, path))


@from_host
def open_at(connection: Connection, path: str, offset: int = 0) -> Reader:
    """The bytes of a file from `offset` on."""
    return Reader(_contract.open(connection.handle, path, offset))


@from_host
def _list(connection: Connection, folder: str, page: str | None) -> Any:
    return _contract.list(connection.handle, folder, page)


def _entry(entry: Any) -> Entry:
    return Entry(entry.path, int(entry.size), int(entry.modified_ms))
