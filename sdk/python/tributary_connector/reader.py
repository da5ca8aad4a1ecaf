"""Bytes of a file or of an answer, read piece by piece. Prefer `rows.decode`, which moves them in the host."""

from __future__ import annotations

from typing import Any

from .errors import Error, from_host

# The host gives no more at a time.
PIECE = 1 << 20


class Reader:
    """A handle to bytes in the host. Given to `rows.decode` it is used up."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @property
    def size(self) -> int | None:
        """Bytes, if the other side told."""
        size = self._owned().size()
        return None if size is None else int(size)

    @from_host
    def read(self, most: int = PIECE) -> bytes:
        """At most `most` (and 1 MiB) bytes; empty at the end."""
        return bytes(self._owned().read(most))

    def read_all(self, most: int = 8 << 20) -> bytes:
        """All bytes, which must be at most `most`: they lie in the connector's memory."""
        pieces: list[bytes] = []
        total = 0
        while piece := self.read():
            total += len(piece)
            if total > most:
                raise Error.data(f"more than {most} bytes came")
            pieces.append(piece)
        return b"".join(pieces)

    def taken(self) -> Any:
        """The handle, for the host; this object is of no more use."""
        handle, self._handle = self._owned(), None
        return handle

    def _owned(self) -> Any:
        if self._handle is None:
            raise Error.bug("this reader was given to the host already")
        return self._handle
