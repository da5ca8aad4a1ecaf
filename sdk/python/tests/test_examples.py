"""The examples that are targets, with the answers of their own cases: plain Python, as `test_kit`."""

from __future__ import annotations

import importlib.util
import json
import sys
import unittest
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from tributary_connector import Absent, Delivered, Error, Rejected, There, Unclear, Written, export, testing

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / name / "connector.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    with mock.patch.dict(export._exported, clear=True):
        spec.loader.exec_module(module)
    return module


def played(case: dict[str, Any]) -> testing.Answer:
    """Answers as the case's cassette does."""

    def fits(asked: dict[str, Any], request: testing.Request) -> bool:
        same = (asked["method"], asked["path"]) == (request.method, request.path)
        body = "body" not in asked or json.loads(asked["body"]) == json.loads(request.body or b"null")
        return same and body and dict(asked.get("query", [])) == request.query

    def answer(request: testing.Request) -> tuple[int, dict[str, str], bytes]:
        said = next(one["response"] for one in case["cassette"]["http"] if fits(one["request"], request))
        return said["status"], dict(said["headers"]), said["body"].encode()

    return answer


class InvoicesTest(unittest.TestCase):
    def setUp(self) -> None:
        case = json.loads((EXAMPLES / "invoices/cases/invoices.json").read_text("utf-8"))
        self.config, self.rows = case["connection"]["config"], case["batch"]["rows"]
        self.invoices = example("invoices").Invoices
        self.host = testing.Host(answer=played(case))

    def test_invoices_are_made_asked_for_and_listed(self) -> None:
        outcomes = self.host.deliver(self.invoices, self.config, self.rows)
        made = {"id": "inv-1", "number": "I-1", "total": "10.50"}
        self.assertEqual(outcomes[0], Delivered("inv-1", made))
        self.assertEqual(outcomes[1], Rejected("TOTAL", "no total below 0"))
        self.assertEqual(outcomes[2], Rejected("NUMBER_TAKEN", "I-3 is there"))
        found = self.host.ask(self.invoices, self.config, self.rows)
        self.assertEqual(found[0], There("inv-1", {**made, "total": "10.5"}))
        self.assertEqual(found[1], Absent())
        self.assertEqual(found[2], Unclear("I-3 is there, but not as one invoice with the total 7"))
        (listed,) = self.host.conclude(self.invoices, self.config, [Written("inv-1", 1, made)], "run_7")
        self.assertEqual(listed.path, "v1/imports/run_7")
        self.assertEqual(json.loads(listed.content), {"run": "run_7", "invoices": [{"id": "inv-1", "number": "I-1"}]})

    def test_only_an_empty_list_says_that_an_invoice_is_not_there(self) -> None:
        row = {"number": "I-1", "total": 1}
        ours = {"id": 1, "total": "1.00"}
        for status, body, kind in [
            (200, {"items": [ours]}, "There"),
            (200, {"items": []}, "Absent"),
            (200, {"items": [ours, ours]}, "Unclear"),
            (200, {"items": [{"id": 1, "total": None}]}, "Unclear"),
            (404, {}, "Unclear"),
            (503, {}, "Later"),
        ]:
            host = testing.Host(answer=lambda _, status=status, body=body: (status, {}, json.dumps(body).encode()))
            (found,) = host.ask(self.invoices, self.config, [row]).values()
            self.assertEqual(type(found).__name__, kind, body)
        host = testing.Host(answer=lambda _: (200, {}, b"<html>"))
        with self.assertRaises(Error) as raised:
            host.ask(self.invoices, self.config, [row])
        self.assertEqual(raised.exception.code, "target_answer")
        host.answer = lambda _: (200, {}, b'{"items": []}')
        (found,) = host.ask(self.invoices, self.config, [{"total": 1}]).values()
        self.assertIsInstance(found, Unclear)


if __name__ == "__main__":
    unittest.main()
