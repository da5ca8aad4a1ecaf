"""What tables of the connection's database went through, out of the database's own log, in the order of the commits.

A right of its own: the account needs one at the database that a query does not need, and the log that is kept for a
reader takes room there. A position is text of the database's own; only the empty one means nothing.

Tables are read whole once, after `start` told a place in the log; later runs read the log from there to its `end`.
What a run read is given free with `release` by the next one, when it is durable for certain.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .connections import Connection
from .contract import imported
from .errors import from_host
from .row_handle import Rows

_contract = imported("changes")

# For `Rows.probe` after each page: where a read can go on without losing anything behind it.
POSITION = "/_change_position"


@dataclass(frozen=True)
class Log:
    """What keeps the log for this reader: slot and publication in PostgreSQL, nothing in MariaDB."""

    slot: str | None = None
    publication: str | None = None


@dataclass(frozen=True)
class Table:
    """A table whose changes are read. `key` names a row; without `columns` there are all."""

    table: str
    key: list[str]
    columns: list[str] = field(default_factory=list)
    schema: str | None = None


@from_host
def end(connection: Connection, log: Log) -> str:
    """Where the log ends now: what a read may go up to."""
    return str(_contract.end(connection.handle, _text(log)))


@from_host
def start(connection: Connection, log: Log) -> str:
    """Where to read from after tables that are read whole: a query that begins after this call sees all that was
    committed before the position. Some of what comes after it may be in its rows, too.
    """
    return str(_contract.start(connection.handle, _text(log)))


@from_host
def read(connection: Connection, log: Log, tables: Sequence[Table], since: str, until: str) -> Rows:
    """The changes between two positions; pipe them a page at a time, with a checkpoint after each.

    Rows are a query's, with five columns more: `_change_op` (`insert`, `update`, `delete`, `truncate`),
    `_change_table`, `_change_position`, `_change_time` (of the commit), and `_change_unchanged`: names of large
    values that an update did not touch and the log does not have; the row lacks them. A deleted row has at least
    its key, and None where the log does not tell what was there. A page may have no row at all; `probe(POSITION)`
    tells after each where to go on: what belongs to the same transaction comes again. A position that the log does
    not have (any more) is the error `changes_gone`: then the tables are to be read whole again.
    """
    asked = json.dumps([_given(table) for table in tables])
    return Rows(_contract.read(connection.handle, _text(log), asked, since, until))


@from_host
def release(connection: Connection, log: Log, until: str) -> None:
    """What comes before the position is not needed any more: the database may drop it. For positions that are
    durable in a checkpoint only.
    """
    _contract.release(connection.handle, _text(log), until)


def _text(log: Log) -> str:
    return json.dumps(_given(log))


def _given(value: Any) -> dict[str, Any]:
    return {name: given for name, given in asdict(value).items() if given is not None}
