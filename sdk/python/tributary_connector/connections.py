"""The tenant's connection. The host owns address, credentials, TLS and SSH keys; a connector holds a handle."""

from __future__ import annotations

from typing import Any

from .contract import imported
from .errors import from_host

_contract = imported("connections")


class Connection:
    """A handle to a connection."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    @property
    def label(self) -> str:
        return str(self.handle.label())

    @property
    def base_url(self) -> str:
        """The address that requests go below, without any secret; empty for other kinds than HTTP."""
        return str(self.handle.base_url())


@from_host
def get(label: str) -> Connection:
    """The connection that `connector.json` declares under `connection/label`."""
    return Connection(_contract.get(label))
