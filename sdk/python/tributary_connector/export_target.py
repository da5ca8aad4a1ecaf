"""The exports of a target: `target`, and `lookup` and `conclusion` if its class has them."""

from __future__ import annotations

from typing import Any

from .boundary import answered, from_text, to_text, typed
from .conclusion import Document, Written
from .contract import exported
from .errors import Error
from .lookup import Absent, Inquiry, Later, There, Unclear
from .target import Batch, Call, Delivered, Rejected, Response, Retry


def target(connector: type) -> type:
    """The class `Target` of the component."""
    contract = exported("target")

    def to_contract(call: Call) -> Any:
        key, context = call.idempotency_key, to_text(call.context)
        return contract.Call(call.method, call.path, call.query, call.headers, call.body, call.rows, key, context)

    def from_contract(call: Any) -> Call:
        key, context = call.idempotency_key, from_text(call.context)
        return Call(call.method, call.path, b"", list(call.rows), call.query, call.headers, key, context)

    def outcome(row: int, found: Any) -> Any:
        match found:
            case Delivered():
                made = contract.Outcome_Delivered(contract.Delivered(found.external_id, to_text(found.detail)))
            case Rejected():
                made = contract.Outcome_Rejected(contract.Rejected(found.code, found.message, found.field))
            case Retry():
                kind = contract.RetryKind[found.kind.upper()]
                made = contract.Outcome_Retry(contract.Retry(kind, found.message, found.retry_after_ms))
            case _:
                raise Error.bug(f"settle answered {found!r} for row {row}")
        return contract.RowOutcome(row, made)

    class TargetExport:
        def prepare(self, config: str, batch: Any, keys: list[str]) -> Any:
            def work() -> Any:
                calls = connector().prepare(typed(connector, config), _batch(batch, keys))
                return [to_contract(call) for call in calls]

            return answered(work)

        def settle(self, config: str, call: Any, response: Any) -> Any:
            def work() -> Any:
                found = connector().settle(typed(connector, config), from_contract(call), _response(response))
                return [outcome(row, one) for row, one in found.items()]

            return answered(work)

    return TargetExport


def lookup(connector: type) -> type:
    """The class `Lookup` of the component."""
    contract = exported("lookup")

    def to_contract(inquiry: Inquiry) -> Any:
        context = to_text(inquiry.context)
        return contract.Inquiry(inquiry.path, inquiry.query, inquiry.headers, inquiry.rows, context)

    def from_contract(inquiry: Any) -> Inquiry:
        context = from_text(inquiry.context)
        return Inquiry(inquiry.path, list(inquiry.rows), inquiry.query, inquiry.headers, context)

    def finding(row: int, found: Any) -> Any:
        match found:
            case There():
                made = contract.Finding_There(contract.There(found.external_id, to_text(found.detail)))
            case Absent():
                made = contract.Finding_Absent()
            case Unclear():
                made = contract.Finding_Unclear(found.message)
            case Later():
                made = contract.Finding_Later(contract.Later(found.message, found.retry_after_ms))
            case _:
                raise Error.bug(f"judge answered {found!r} for row {row}")
        return contract.RowFinding(row, made)

    class LookupExport:
        def inquire(self, config: str, batch: Any, keys: list[str]) -> Any:
            def work() -> Any:
                inquiries = connector().inquire(typed(connector, config), _batch(batch, keys))
                return [to_contract(inquiry) for inquiry in inquiries]

            return answered(work)

        def judge(self, config: str, inquiry: Any, answer: Any) -> Any:
            def work() -> Any:
                found = connector().judge(typed(connector, config), from_contract(inquiry), _response(answer))
                return [finding(row, one) for row, one in found.items()]

            return answered(work)

    return LookupExport


def conclusion(connector: type) -> type:
    """The class `Conclusion` of the component."""
    contract = exported("conclusion")

    def to_contract(document: Document) -> Any:
        return contract.Document(document.path, document.content)

    class ConclusionExport:
        def conclude(self, config: str, run: str, written: list[Any]) -> Any:
            def work() -> Any:
                given = [Written(one.external_id, int(one.rows), from_text(one.detail)) for one in written]
                documents = connector().conclude(typed(connector, config), run, given)
                return [to_contract(document) for document in documents]

            return answered(work)

    return ConclusionExport


def _batch(batch: Any, keys: list[str]) -> Batch:
    rows = [line for line in bytes(batch.data).split(b"\n") if line]
    if len(rows) != len(keys):
        raise Error.bug(f"{len(rows)} rows came with {len(keys)} keys")
    return Batch(batch.stream, rows, list(keys))


def _response(response: Any) -> Response:
    return Response(response.status, list(response.headers), bytes(response.body))
