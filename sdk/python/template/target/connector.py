"""{{name}}: sends each row in a request of its own, under its idempotency key. The host sends, retries and keeps
receipts; this only says what to send and what an answer means.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tributary_connector import (
    Batch,
    Call,
    Delivered,
    Error,
    Rejected,
    Response,
    Retry,
    Step,
    Target,
    all_rows,
    connections,
    export_target,
    http,
    option,
)
from tributary_connector.target import Outcome


@dataclass
class Config:
    path: str = option("items", title="path below the connection's address", min_length=1)
    ping: str = option("ping", title="path that answers 2xx to whoever may send", min_length=1)


class Items(Target[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        try:
            answer = http.get(connections.get("api"), config.ping).ok()
        except Error as error:
            return [Step.failed("sign in", error)]
        return [Step.passed("sign in", f"{answer.label} answers with status {answer.status}")]

    def prepare(self, config: Config, batch: Batch) -> Sequence[Call]:
        pairs = enumerate(zip(batch.rows, batch.keys, strict=True))
        return [Call("POST", config.path, row, [number], idempotency_key=key) for number, (row, key) in pairs]

    def settle(self, config: Config, call: Call, response: Response) -> dict[int, Outcome]:
        return all_rows(call, outcome(config, response))


def outcome(config: Config, response: Response) -> Outcome:
    status = response.status
    said = response.body.decode("utf-8", "replace").strip()[:300]
    message = f"{config.path} answers with status {status}" + (f": {said}" if said else "")
    if 200 <= status < 300:
        detail = object_of(response.body)
        if detail is None:
            raise Error.data(message, "target_answer")
        return Delivered(str(detail["id"]) if "id" in detail else None, detail)
    if status == 429:
        return Retry("rate_limited", message, response.retry_after_ms())
    if status in (408, 409, 425) or status >= 500:
        return Retry("transient", message, response.retry_after_ms())
    if status in (401, 403):
        raise Error("auth", message)
    if status in (400, 413, 422):
        error = (object_of(response.body) or {}).get("error")
        told = error if isinstance(error, dict) else {}
        return Rejected(str(told.get("code", f"http_{status}")), str(told.get("message", message)))
    raise Error.data(message, "target_answer")


def object_of(body: bytes) -> dict[str, Any] | None:
    """Any answer may come: a web page, half a text, nothing."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


export_target(Items)
