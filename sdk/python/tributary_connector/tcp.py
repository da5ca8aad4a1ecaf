"""A socket to the connection's host and port, for protocols that the host does not speak.

Address, TLS and client certificate are the host's business; there is no password in it.
"""

from __future__ import annotations

from typing import Any

from .connections import Connection
from .contract import imported
from .errors import Error, from_host

_contract = imported("tcp")

# The host gives no more at a time.
PIECE = 64 << 10
# The host takes no more in one call, with room for what is around it.
_MOST = 1 << 20


class Socket:
    """An open socket; use it in a `with`. After an error it is of no more use."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._rest = b""

    @from_host
    def read(self, most: int = PIECE) -> bytes:
        """At least one byte, as soon as there is one; empty at the end."""
        if self._rest:
            piece, self._rest = self._rest[:most], self._rest[most:]
            return piece
        return bytes(self._owned().read(most))

    def read_line(self, most: int = 1 << 20) -> bytes:
        """The next line with its `\\n`; without one only at the end."""
        line = b""
        while piece := self.read():
            end = piece.find(b"\n") + 1
            line += piece[:end] if end else piece
            if len(line) > most:
                raise Error.data(f"a line is longer than {most} bytes")
            if end:
                self._rest = piece[end:] + self._rest
                break
        return line

    @from_host
    def write(self, data: bytes) -> None:
        """All of it, or an error says that an unknown part was."""
        for at in range(0, len(data), _MOST):
            self._owned().write(data[at : at + _MOST])

    def close(self) -> None:
        """Gives it back to the host; further calls do nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.__exit__(None, None, None)

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _owned(self) -> Any:
        if self._handle is None:
            raise Error.bug("this socket is closed")
        return self._handle


@from_host
def connect(connection: Connection) -> Socket:
    """A socket of its own; at most 4 are open at a time."""
    return Socket(_contract.connect(connection.handle))
