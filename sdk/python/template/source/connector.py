"""{{name}}: items of a paged JSON API. Each answer has rows and a token for the next page; the rows stay in the host.
A checkpoint after each page holds the token, so a crash repeats one page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

STREAM = "items"


@dataclass
class Config:
    path: str = option("items", title="path below the connection's address", min_length=1)
    page_size: int = option(100, title="rows of one page", minimum=1, maximum=1000)


class Items(Source[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        try:
            page, label = ask(config, None)
            count = len(page.pluck("/id"))
        except Error as error:
            return [Step.failed("first page", error)]
        return [Step.passed("first page", f"{label} answers with {count} rows")]

    def discover(self, config: Config) -> Sequence[Stream]:
        schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
        return [Stream(STREAM, schema, primary_key=["id"])]

    def read(self, config: Config, selection: Selection) -> None:
        if selection.stream != STREAM:
            raise Error("not_found", f"there is only the stream {STREAM!r}")
        state = selection.checkpoint() or {"cursor": None, "done": False}
        while not state["done"]:
            page, label = ask(config, state["cursor"])
            token = page.probe("/next_cursor")
            if token is not None and token == state["cursor"]:
                raise Error.data(f"{label}: the next page is this one")
            count = page.pipe_all(STREAM)
            state = {"cursor": token, "done": token is None}
            output.checkpoint(state)
            log.info("page", request=label, rows=count)


def ask(config: Config, cursor: str | None) -> tuple[rows.Rows, str]:
    """One page, and how people call it."""
    query = {"limit": str(config.page_size)}
    if cursor is not None:
        query["cursor"] = cursor
    answer = http.get(connections.get("api"), config.path, query).ok()
    return rows.decode(answer.body, "json", source=answer.label, records="/items"), answer.label


export_source(Items)
