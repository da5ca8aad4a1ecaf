"""Orders of a paged JSON API. Each answer has rows and a token for the next page; the rows stay in the host.

A partition is the stream from a change on. A checkpoint after each page holds the token, so a crash repeats one
page; the newest change seen is where the next incremental run starts, that instant included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tributary_connector import (
    Error,
    Selection,
    Source,
    Step,
    Stream,
    connections,
    export_source,
    http,
    log,
    option,
    output,
    rows,
)

STREAM = "orders"
CONNECTION = "api"


@dataclass
class Config:
    path: str = option("api/orders", title="path", description="Below the connection's base address.", min_length=1)
    page_size: int = option(200, title="rows of one page", minimum=1, maximum=500)


@dataclass
class Place:
    """Where reading stands."""

    since: str | None
    cursor: str | None
    newest: str | None
    done: bool


class Orders(Source[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        try:
            page, label = ask(config, None, None)
            count = len(page.pluck("/id"))
        except Error as error:
            return [Step.failed("first page", error)]
        return [Step.passed("first page", f"{label} answers with {count} rows")]

    def discover(self, config: Config) -> Sequence[Stream]:
        text = {"type": "string"}
        schema = {"type": "object", "required": ["id"], "properties": {"id": text, "updated_at": text}}
        return [Stream(STREAM, schema, primary_key=["id"], cursor_field="/updated_at", incremental=True)]

    def partitions(self, config: Config, selection: Selection) -> Sequence[Any]:
        check_stream(selection)
        seen = [Place(**{**state, "cursor": None}) for state in selection.checkpoints()]
        newest = [place.newest or place.since for place in seen if place.done]
        since = max((value for value in newest if value), default=None)
        return [{"since": since if selection.incremental else None}]

    def read(self, config: Config, selection: Selection) -> None:
        check_stream(selection)
        since = selection.partition["since"]
        last = selection.checkpoint()
        place = Place(**last) if last and last["since"] == since else Place(since, None, since, False)
        while not place.done:
            page, label = ask(config, since, place.cursor)
            token = page.probe("/next_cursor")
            if token is not None and token == place.cursor:
                raise Error.data(f"{label}: the API leads in a circle: the next page is this one", "source_protocol")
            changes = [value for value in page.pluck("/updated_at") if value]
            count = page.pipe_all(STREAM)
            newest = max([*changes, place.newest or ""]) or None
            place = Place(since, token, newest, token is None)
            output.checkpoint(place)
            log.info("page", request=label, rows=count)


def ask(config: Config, since: str | None, cursor: str | None) -> tuple[rows.Rows, str]:
    """One page, and how people call it."""
    query = {"limit": str(config.page_size)}
    if cursor is not None:
        query["cursor"] = cursor
    if since is not None:
        query["updated_since"] = since
    answer = http.get(connections.get(CONNECTION), config.path, query).ok()
    return rows.decode(answer.body, "json", source=answer.label, records="/orders"), answer.label


def check_stream(selection: Selection) -> None:
    if selection.stream != STREAM:
        raise Error("not_found", f"there is the stream {STREAM!r}, not {selection.stream!r}")


export_source(Orders)
