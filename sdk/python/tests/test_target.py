"""Tests of targets, of those that can be asked, and of those with a last word: plain Python, as `test_kit`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

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
    Response,
    Selection,
    Source,
    Step,
    Stream,
    Target,
    There,
    Unclear,
    Written,
    all_rows,
    export,
    export_target,
    testing,
)
from tributary_connector.boundary import Unfit, config_type
from tributary_connector.building import manifest
from tributary_connector.lookup import Finding
from tributary_connector.target import Outcome


@dataclass
class Config:
    path: str = "invoices"


class Plain(Target[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        return []

    def prepare(self, config: Config, batch: Batch) -> Sequence[Call]:
        pairs = enumerate(zip(batch.rows, batch.keys, strict=True))
        return [Call("POST", config.path, row, [at], idempotency_key=key, context=(at,)) for at, (row, key) in pairs]

    def settle(self, config: Config, call: Call, response: Response) -> dict[int, Outcome]:
        return all_rows(call, Delivered(str(call.context[0]), {"status": response.status}))


class Full(Plain, Ask[Config], Conclude[Config]):
    def inquire(self, config: Config, batch: Batch) -> Sequence[Inquiry]:
        return [Inquiry(f"{config.path}/{key}", [at], context=[key]) for at, key in enumerate(batch.keys)]

    def judge(self, config: Config, inquiry: Inquiry, answer: Response) -> dict[int, Finding]:
        match answer.status:
            case 200:
                return all_rows(inquiry, There(inquiry.context[0], {"number": 1.5}))
            case 404:
                return all_rows(inquiry, Absent())
            case 429:
                return all_rows(inquiry, Later("busy", answer.retry_after_ms()))
            case 401:
                raise Error("auth", "no")
        return all_rows(inquiry, Unclear("another"))

    def conclude(self, config: Config, run: str, written: Sequence[Written]) -> Sequence[Document]:
        said = [[one.external_id, one.rows, one.detail] for one in written]
        return [Document(f"{run}.json", json.dumps(said).encode())]


class HostTest(unittest.TestCase):
    def test_a_target_is_tried_as_the_platform_uses_it(self) -> None:
        host = testing.Host(answer=lambda request: (201, {}, b""))
        outcomes = host.deliver(Plain, {"path": "x"}, [b'{"a":1.10}', {"a": 2}])
        self.assertEqual(outcomes, {0: Delivered("0", {"status": 201}), 1: Delivered("1", {"status": 201})})
        sent = [(request.path, request.body, request.headers["idempotency-key"]) for request in host.requests]
        self.assertEqual(sent, [("x", b'{"a":1.10}', "key-0"), ("x", b'{"a": 2}', "key-1")])
        with self.assertRaises(Error):
            host.deliver(Plain, {"paht": "x"}, [])

    def test_a_target_is_asked(self) -> None:
        statuses = {"invoices/key-0": 200, "invoices/key-1": 404, "invoices/key-2": 429, "invoices/key-3": 302}
        host = testing.Host(answer=lambda request: (statuses[request.path], {"retry-after": "7"}, b""))
        found = host.ask(Full, {}, [{}] * 4)
        expected = [There("key-0", {"number": 1.5}), Absent(), Later("busy", 7000), Unclear("another")]
        self.assertEqual(found, dict(enumerate(expected)))
        self.assertEqual({request.method for request in host.requests}, {"GET"})

    def test_rows_that_are_left_out_or_told_twice_fail_the_test(self) -> None:
        class Forgetful(Full):
            def prepare(self, config: Config, batch: Batch) -> Sequence[Call]:
                return list(super().prepare(config, batch))[1:]

            def inquire(self, config: Config, batch: Batch) -> Sequence[Inquiry]:
                return [Inquiry("x", [0, 1]), Inquiry("y", [1])]

            def judge(self, config: Config, inquiry: Inquiry, answer: Response) -> dict[int, Finding]:
                return {}

        host = testing.Host()
        for attempt in (
            lambda: host.prepare(Forgetful, {}, [{}, {}]),
            lambda: host.inquire(Forgetful, {}, [{}, {}]),
            lambda: host.judge(Forgetful, {}, Inquiry("x", [0]), Response(200, [], b"")),
        ):
            with self.assertRaises(AssertionError):
                attempt()

    def test_a_last_word_is_asked_for(self) -> None:
        documents = testing.Host().conclude(Full, {}, [Written("a", 2, {"x": 1})], "run_7")
        self.assertEqual(documents, [Document("run_7.json", b'[["a", 2, {"x": 1}]]')])


def record(name: str, fields: str) -> type:
    """As the bindings have it: the contract's fields in its order."""
    return make_dataclass(name, fields.split())


class _Err(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


# What the build generates.
BINDINGS = {
    "wit_world.imports.types": SimpleNamespace(
        Error=record("Error", "kind code message field retry_after_ms"),
        ErrorKind=sys.modules["wit_world.imports.types"].ErrorKind,
    ),
    "wit_world.exports.lookup": SimpleNamespace(
        Inquiry=record("Inquiry", "path query headers rows context"),
        There=record("There", "external_id detail"),
        Later=record("Later", "message retry_after_ms"),
        Finding_There=record("Finding_There", "value"),
        Finding_Absent=record("Finding_Absent", ""),
        Finding_Unclear=record("Finding_Unclear", "value"),
        Finding_Later=record("Finding_Later", "value"),
        RowFinding=record("RowFinding", "row finding"),
    ),
    "wit_world.exports.conclusion": SimpleNamespace(Document=record("Document", "path content")),
    "componentize_py_types": SimpleNamespace(Err=_Err),
}
ROWS = SimpleNamespace(stream="s", data=b'{"n":1}\n')


class ExportTest(unittest.TestCase):
    def setUp(self) -> None:
        patched = mock.patch.dict(sys.modules, BINDINGS)
        patched.start()
        self.addCleanup(patched.stop)

    def test_inquiries_and_findings_cross_as_the_contract_wants_them(self) -> None:
        lookup = export.of_target.lookup(Full)()
        (inquiry,) = lookup.inquire("{}", ROWS, ["k"])
        self.assertEqual((inquiry.path, inquiry.rows, inquiry.context), ("invoices/k", [0], '["k"]'))
        self.assertEqual(inquiry.headers, [("accept", "application/json")])

        def judged(status: int) -> Any:
            answer = SimpleNamespace(status=status, headers=[("Retry-After", "2")], body=b"")
            (found,) = lookup.judge("{}", inquiry, answer)
            return found.row, type(found.finding).__name__, getattr(found.finding, "value", None)

        contract = BINDINGS["wit_world.exports.lookup"]
        self.assertEqual(judged(200), (0, "Finding_There", contract.There("k", '{"number": 1.5}')))
        self.assertEqual(judged(404), (0, "Finding_Absent", None))
        self.assertEqual(judged(302), (0, "Finding_Unclear", "another"))
        self.assertEqual(judged(429), (0, "Finding_Later", contract.Later("busy", 2000)))
        with self.assertRaises(_Err) as raised:
            judged(401)
        self.assertEqual(raised.exception.value.kind.name, "AUTH")

    def test_what_is_no_finding_is_the_connectors_mistake(self) -> None:
        class Wrong(Full):
            def judge(self, config: Config, inquiry: Inquiry, answer: Response) -> dict[int, Any]:
                return {0: "there"}

        lookup = export.of_target.lookup(Wrong)()
        inquiry = SimpleNamespace(path="x", query=[], headers=[], rows=[0], context=None)
        with self.assertRaises(_Err) as raised:
            lookup.judge("{}", inquiry, SimpleNamespace(status=200, headers=[], body=b""))
        told = raised.exception.value
        self.assertEqual((told.kind.name, told.message), ("BUG", "judge answered 'there' for row 0"))

    def test_a_last_word_crosses_as_the_contract_wants_it(self) -> None:
        conclusion = export.of_target.conclusion(Full)()
        written = [
            SimpleNamespace(external_id="a", rows=2, detail='{"x": 1}'),
            SimpleNamespace(external_id="b", rows=1, detail=None),
        ]
        (document,) = conclusion.conclude("{}", "run_7", written)
        self.assertEqual((document.path, document.content), ("run_7.json", b'[["a", 2, {"x": 1}], ["b", 1, null]]'))


class HalfAsk(Plain, Ask[Config]):
    def inquire(self, config: Config, batch: Batch) -> Sequence[Inquiry]:
        return []


class Stray(Plain):
    def conclude(self, config: Config, run: str, written: Sequence[Written]) -> Sequence[Document]:
        return []


class Unsettled(Target[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        return []

    def prepare(self, config: Config, batch: Batch) -> Sequence[Call]:
        return []


class AskedSource(Source[Config], Conclude[Config]):
    def check(self, config: Config) -> Sequence[Step]:
        return []

    def discover(self, config: Config) -> Sequence[Stream]:
        return []

    def read(self, config: Config, selection: Selection) -> None:
        pass

    def conclude(self, config: Config, run: str, written: Sequence[Written]) -> Sequence[Document]:
        return []


class CompleteTest(unittest.TestCase):
    def test_half_of_an_interface_is_refused_with_what_is_missing(self) -> None:
        for exporting, connector, words in [
            (export_target, HalfAsk, "HalfAsk lacks judge of Ask"),
            (export_target, Unsettled, "Unsettled lacks settle of Target"),
            (export_target, Stray, "Stray has conclude without the base Conclude: write class Stray("),
            (export.export_source, AskedSource, "AskedSource has the base Conclude, which is for targets"),
            (export_target, AskedSource, "AskedSource is no Target"),
        ]:
            with mock.patch.dict(export._exported, clear=True), self.assertRaises(Unfit) as raised:
                exporting(connector)
            self.assertIn(words, str(raised.exception))

    def test_what_is_exported_is_what_the_class_has(self) -> None:
        class OnlyAsk(Plain, Ask[Config]):
            inquire, judge = Full.inquire, Full.judge

        for connector, beside in [(Plain, []), (OnlyAsk, ["lookup"]), (Full, ["lookup", "conclusion"])]:
            with mock.patch.dict(export._exported, clear=True):
                export_target(connector)
                found = manifest.exports({"roles": ["api_target"]})
            self.assertEqual(found, ["base", "target", *beside])
            self.assertIs(config_type(connector), Config)


CONNECTOR = """
from dataclasses import dataclass
from tributary_connector import Ask, Target, export_target

@dataclass
class Config:
    pass

class Invoices(Target[Config]{base}):
    def check(self, config): return []
    def prepare(self, config, batch): return []
    def settle(self, config, call, response): return {{}}
{more}

export_target(Invoices)
"""


INQUIRE = "    def inquire(self, config, batch): return []"
JUDGE = "    def judge(self, config, inquiry, answer): return {}"


class BuildTest(unittest.TestCase):
    """`schema` does what a build does before the component is made."""

    def test_a_target_that_is_to_be_asked_and_can_not_be_is_refused(self) -> None:
        late = {"capability": "idempotency_key", "lookup_after_window": True}
        for base, more, delivery, refused in [
            (", Ask[Config]", INQUIRE, late, "error: connector.py: Invoices lacks judge of Ask"),
            ("", "", {"capability": "lookup"}, 'error: connector.json: the delivery capability "lookup" needs'),
            ("", "", late, 'error: connector.json: "lookup_after_window" needs'),
            (", Ask[Config]", f"{INQUIRE}\n{JUDGE}", late, ""),
        ]:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                (folder / "connector.py").write_text(CONNECTOR.format(base=base, more=more))
                given = {"contract": manifest.CONTRACT, "roles": ["api_target"], "delivery": delivery}
                (folder / "connector.json").write_text(json.dumps(given))
                environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
                command = [sys.executable, "-m", "tributary_connector", "schema", name]
                done = subprocess.run(command, env=environment, capture_output=True, text=True)
            self.assertEqual((done.returncode == 0, done.stderr.startswith(refused)), (not refused, True), done.stderr)


if __name__ == "__main__":
    unittest.main()
