"""Tests of the capability `output` over the host in memory: plain Python, as `test_kit`."""

from __future__ import annotations

import unittest
from types import SimpleNamespace
from unittest import mock

from tributary_connector import Error, testing  # it stands in for the host, so before the capabilities
from tributary_connector import output  # isort: skip


class OutputTest(unittest.TestCase):
    def test_a_flush_waits_for_the_checkpoints_before_it(self) -> None:
        host = testing.Host()
        testing.current.host = host
        output.flush()
        output.emit("orders", [{"id": 1}, {"id": 2}])
        output.checkpoint({"done": False})
        output.checkpoint({"done": True})
        output.flush()
        self.assertEqual(host.out.checkpoints, [{"done": False}, {"done": True}])
        self.assertEqual(host.out.flushed, [0, 2])

    def test_an_error_of_a_flush_keeps_its_kind(self) -> None:
        class Refused(Exception):
            value = SimpleNamespace(
                kind=SimpleNamespace(name="CANCELLED"), message="no", code=None, field=None, retry_after_ms=None
            )

        with mock.patch.object(output._contract, "flush", side_effect=Refused), self.assertRaises(Error) as raised:
            output.flush()
        self.assertEqual(raised.exception.kind, "cancelled")


if __name__ == "__main__":
    unittest.main()
