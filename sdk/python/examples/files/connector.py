"""CSV files of one folder. A partition is one file as it was seen when the run was planned; a checkpoint after each
page holds the place in it, so a crash repeats one page. No row enters this memory.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tributary_connector import (
    Error,
    Selection,
    Source,
    Step,
    Stream,
    connections,
    export_source,
    files,
    log,
    option,
    output,
    rows,
)

CONNECTION = "server"


@dataclass
class Csv:
    delimiter: str = option(",", min_length=1, max_length=1)
    encoding: str = option("utf-8", title="WHATWG label, for example windows-1252")


@dataclass
class Config:
    folder: str = option(title="folder on the server", min_length=1)
    stream: str = option("files", title="name of the stream, for integrations", min_length=1)
    pattern: str = option("*.csv", title="file names to read: * any text, ? one character", min_length=1)
    csv: Csv = field(default_factory=Csv)
    expected_columns: list[str] = option([], title="columns that each header must have", unique_items=True)


@dataclass(frozen=True)
class Part:
    """A file to read; its checkpoint is kept under `key` from run to run."""

    key: str
    size: int
    modified_ms: int


class Files(Source[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        try:
            found = matching(config)
        except Error as error:
            return [Step.failed("folder", error)]
        steps = [Step.passed("folder", f"{len(found)} files in {config.folder} match {config.pattern}")]
        if found:
            newest = max(found, key=lambda part: part.modified_ms)
            try:
                columns = open_rows(config, newest, None)[1]
                steps.append(Step.passed("header", f"{newest.key}: {', '.join(columns)}"))
            except Error as error:
                steps.append(Step.failed("header", error))
        return steps

    def discover(self, config: Config) -> Sequence[Stream]:
        found = matching(config)
        newest = max(found, key=lambda part: part.modified_ms, default=None)
        columns = open_rows(config, newest, None)[1] if newest else []
        properties = {name: {"type": "string"} for name in columns}
        schema = {"type": "object", "required": columns, "properties": properties}
        return [Stream(config.stream, schema, incremental=True, partitioned=True)]

    def partitions(self, config: Config, selection: Selection) -> Sequence[Any]:
        check_stream(config, selection)
        read = [part(state) for state in selection.checkpoints() if state["done"]] if selection.incremental else []
        return [asdict(found) for found in matching(config) if found not in read]

    def read(self, config: Config, selection: Selection) -> None:
        check_stream(config, selection)
        file = part(selection.partition)
        last = selection.checkpoint()
        if last is not None and part(last) != file:
            last = None
        if last is not None and last["done"]:
            return
        unchanged(file)
        found, columns = open_rows(config, file, last)
        while True:
            piped = found.pipe(config.stream)
            if piped.ended:
                unchanged(file)
                if piped.offset < file.size:
                    message = f"{file.key}: {file.size} bytes were announced, {piped.offset} came"
                    raise Error.data(message, "file_truncated")
            place = {"line": piped.line, "offset": piped.offset, "columns": columns, "done": piped.ended}
            output.checkpoint({**asdict(file), **place})
            if piped.ended:
                return


def matching(config: Config) -> list[Part]:
    """The files of the folder whose name matches, by name."""
    listed = files.entries(connections.get(CONNECTION), config.folder)
    return [
        Part(entry.path, entry.size, entry.modified_ms)
        for entry in listed
        if fnmatch.fnmatchcase(entry.name, config.pattern)
    ]


def open_rows(config: Config, file: Part, last: dict[str, Any] | None) -> tuple[rows.Rows, list[str]]:
    """The rows of a file from its beginning or from a checkpoint on, and the names of its columns."""
    options: dict[str, Any] = {"source": file.key, **asdict(config.csv)}
    offset = last["offset"] if last else 0
    reader = files.open_at(connections.get(CONNECTION), file.key, offset)
    if last:
        log.info("going on inside the file", file=file.key, offset=offset)
        start = {"line": last["line"], "offset": offset}
        found = rows.decode(reader, "csv", header=False, columns=last["columns"], start=start, **options)
        return found, last["columns"]
    found = rows.decode(reader, "csv", expected_columns=config.expected_columns, **options)
    return found, found.columns()


def unchanged(file: Part) -> None:
    now = files.stat(connections.get(CONNECTION), file.key)
    if (now.size, now.modified_ms) != (file.size, file.modified_ms):
        raise Error.transient(f"{file.key}: it was written to after the run was planned", "file_changed")


def part(state: dict[str, Any]) -> Part:
    return Part(state["key"], state["size"], state["modified_ms"])


def check_stream(config: Config, selection: Selection) -> None:
    if selection.stream != config.stream:
        message = f"the connection has the stream {config.stream!r}, not {selection.stream!r}"
        raise Error.config("/config/stream", message)


export_source(Files)
