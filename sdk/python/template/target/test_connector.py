"""Runs in plain Python: python -m unittest"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "vendor"))

from tributary_connector import Batch, Call, Error, Response, testing  # noqa: E402, F401 - testing stands in for the host

import connector  # noqa: E402

CONFIG = connector.Config()
CALL = Call("POST", "items", b"", [0])


def settled(status: int, body: bytes, headers: list[tuple[str, str]] | None = None) -> connector.Outcome:
    return connector.Items().settle(CONFIG, CALL, Response(status, headers or [], body))[0]


class ItemsTest(unittest.TestCase):
    def test_each_row_goes_unchanged_under_its_key_the_same_every_time(self) -> None:
        batch = Batch("items", [b'{"amount":1.10}', b'{"amount":2}'], ["a", "b"])
        calls = connector.Items().prepare(CONFIG, batch)
        found = [(call.body, call.rows, call.idempotency_key) for call in calls]
        self.assertEqual(found, [(b'{"amount":1.10}', [0], "a"), (b'{"amount":2}', [1], "b")])
        self.assertEqual(connector.Items().prepare(CONFIG, batch), calls)

    def test_every_answer_has_an_outcome(self) -> None:
        self.assertEqual(settled(201, b'{"id": 7}').external_id, "7")
        self.assertEqual(settled(400, b'{"error": {"code": "Bad", "message": "no"}}').code, "Bad")
        self.assertEqual(settled(422, b"<html>").code, "http_422")
        self.assertEqual(settled(429, b"", [("retry-after", "2")]).retry_after_ms, 2000)
        self.assertEqual(settled(500, b"").kind, "transient")
        for body in (b"", b"<html>", b'{"id": 1', b"[]", b"\xff"):
            with self.assertRaises(Error) as raised:
                settled(200, body)
            self.assertEqual(raised.exception.code, "target_answer")
        with self.assertRaises(Error) as raised:
            settled(401, b"")
        self.assertEqual(raised.exception.kind, "auth")


if __name__ == "__main__":
    unittest.main()
