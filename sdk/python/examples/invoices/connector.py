"""Invoices for an API that knows no idempotency keys but can be asked for a number. A call whose answer was lost is not
sent again before the host has asked whether its invoice is there. Each run leaves a list of its invoices.

Invariant: an invoice is called absent only if the API answers a search with an empty list, and called ours only if the
total is ours, too: someone else may have used the number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tributary_connector import (
    Absent,
    Ask,
    Batch,
    Call,
    Conclude,
    Delivered,
    Document,
    Error,
    Inquiry,
    Later,
    Rejected,
    Response,
    Retry,
    Step,
    Target,
    There,
    Unclear,
    Written,
    all_rows,
    connections,
    export_target,
    http,
    option,
)
from tributary_connector.lookup import Finding
from tributary_connector.target import Outcome


@dataclass
class Config:
    path: str = option("v1/invoices", title="path of the invoices", min_length=1)
    imports: str = option("v1/imports", title="path below which each run leaves its list", min_length=1)
    ping: str = option("v1/ping", title="path that answers 2xx to whoever may send", min_length=1)


class Invoices(Target[Config], Ask[Config], Conclude[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        try:
            answer = http.get(connections.get("api"), config.ping).ok()
        except Error as error:
            return [Step.failed("sign in", error)]
        return [Step.passed("sign in", f"{answer.label} answers with status {answer.status}")]

    def prepare(self, config: Config, batch: Batch) -> Sequence[Call]:
        return [Call("POST", config.path, row, [number]) for number, row in enumerate(batch.rows)]

    def settle(self, config: Config, call: Call, response: Response) -> dict[int, Outcome]:
        return all_rows(call, outcome(response))

    def inquire(self, config: Config, batch: Batch) -> Sequence[Inquiry]:
        inquiries = []
        for place, row in enumerate(object_of(row) or {} for row in batch.rows):
            sent = {"number": row.get("number"), "total": row.get("total")}
            inquiries.append(Inquiry(config.path, [place], [("number", str(sent["number"]))], context=sent))
        return inquiries

    def judge(self, config: Config, inquiry: Inquiry, answer: Response) -> dict[int, Finding]:
        return all_rows(inquiry, finding(inquiry.context, answer))

    def conclude(self, config: Config, run: str, written: Sequence[Written]) -> Sequence[Document]:
        invoices = [{"id": one.external_id, "number": (one.detail or {}).get("number")} for one in written]
        return [Document(f"{config.imports}/{run}", json.dumps({"run": run, "invoices": invoices}).encode())]


def outcome(response: Response) -> Outcome:
    status, message = response.status, said("the invoice", response)
    if 200 <= status < 300:
        invoice = object_of(response.body)
        if invoice is None or "id" not in invoice:
            raise Error.data(message, "target_answer")
        return Delivered(str(invoice["id"]), invoice)
    if status == 429:
        return Retry("rate_limited", message, response.retry_after_ms())
    if status in (408, 425) or status >= 500:
        return Retry("transient", message, response.retry_after_ms())
    if status in (401, 403):
        raise Error("auth", message)
    if status in (400, 409, 422):
        error = (object_of(response.body) or {}).get("error")
        told = error if isinstance(error, dict) else {}
        return Rejected(str(told.get("code", f"http_{status}")), str(told.get("message", message)))
    raise Error.data(message, "target_answer")


def finding(sent: dict[str, Any], answer: Response) -> Finding:
    status, message = answer.status, said("the search", answer)
    if sent["number"] is None:
        return Unclear("the record has no number to ask for")
    if status in (408, 425, 429) or status >= 500:
        return Later(message, answer.retry_after_ms())
    if status in (401, 403):
        raise Error("auth", message)
    if status != 200:
        return Unclear(message)
    items = (object_of(answer.body) or {}).get("items")
    if not isinstance(items, list):
        raise Error.data(message, "target_answer")
    if not items:
        return Absent()
    match items:
        case [{"id": there, "total": total}] if alike(total, sent["total"]):
            return There(str(there), items[0])
    return Unclear(f"{sent['number']} is there, but not as one invoice with the total {sent['total']}")


def alike(one: object, other: object) -> bool:
    """10.50 and 10.5 are the same amount."""
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return False


def said(what: str, response: Response) -> str:
    text = response.body.decode("utf-8", "replace").strip()[:300]
    return f"{what} is answered with status {response.status}" + (f": {text}" if text else "")


def object_of(body: bytes) -> dict[str, Any] | None:
    """Any answer may come: a web page, half a text, nothing. Numbers keep their digits, as texts."""
    try:
        value = json.loads(body, parse_float=str)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


export_target(Invoices)
