"""The connection's database: queries whose rows stay in the host, and small answers to look at.

The host owns driver, address, account and session; a query runs in a read-only transaction of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .connections import Connection
from .contract import imported
from .errors import from_host
from .row_handle import Rows

_contract = imported("sql")


@from_host
def speaks(connection: Connection) -> str:
    """`postgres`, `mysql` (and MariaDB) or `sqlite`."""
    return str(_contract.speaks(connection.handle).name.lower())


@from_host
def query(connection: Connection, statement: str, params: Sequence[Any] = ()) -> Rows:
    """Begins one statement that reads; `params` are scalars, bound in order (`$1` or `?`). At most four at a time."""
    return Rows(_contract.query(connection.handle, statement, json.dumps(list(params))))


@from_host
def fetch(connection: Connection, statement: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The same for a small answer: at most 10,000 rows."""
    found: list[dict[str, Any]] = json.loads(_contract.fetch(connection.handle, statement, json.dumps(list(params))))
    return found
