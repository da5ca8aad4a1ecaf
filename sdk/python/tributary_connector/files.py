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
    # names these very bytes (an S3 ETag); None where the server has nothing of the kind
    version: str | None = None

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def entries(connection: Connection, folder: str, *, recursive: bool = False) -> Iterator[Entry]:
    """The regular files of one folder, with `recursive` also of those below it, by path."""
    page: str | None = None
    while True:
        listing = _list(connection, folder, recursive, page)
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
def open_at(connection: Connection, path: str, offset: int = 0, version: str | None = None) -> Reader:
    """The bytes of a file from `offset` on; with `version` of these very bytes, or `file_changed`."""
    return Reader(_contract.open(connection.handle, path, offset, version))


@from_host
def open_entry(connection: Connection, entry: Entry, offset: int = 0) -> Reader:
    """The bytes of the very file that a listing showed. If it is another one by now, or changes while it
    is read, the answer is `file_changed`; there is no need for a `stat` before and behind."""
    shown = _contract.Entry(entry.path, entry.size, entry.modified_ms, entry.version)
    return Reader(_contract.open_entry(connection.handle, shown, offset))


@from_host
def _list(connection: Connection, folder: str, recursive: bool, page: str | None) -> Any:
    return _contract.list(connection.handle, folder, recursive, page)


def _entry(entry: Any) -> Entry:
    return Entry(entry.path, int(entry.size), int(entry.modified_ms), entry.version)
