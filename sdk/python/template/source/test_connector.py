"""Runs in plain Python: python -m unittest"""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "vendor"))

from tributary_connector import Error, testing  # noqa: E402 - it stands in for the host, so before the connector

import connector  # noqa: E402

CONFIG = {"page_size": 2}
ITEMS = [{"id": str(number)} for number in range(1, 6)]


def answer(request: testing.Request) -> tuple[int, dict[str, str], bytes]:
    """Pages of two."""
    at = int(request.query.get("cursor", "0"))
    following = str(at + 2) if at + 2 < len(ITEMS) else None
    return 200, {}, json.dumps({"items": ITEMS[at : at + 2], "next_cursor": following}).encode()


class ItemsTest(unittest.TestCase):
    def test_all_pages_are_read_with_a_checkpoint_after_each(self) -> None:
        read = testing.Host(answer=answer).read(connector.Items, CONFIG, "items")
        self.assertEqual(read.rows, ITEMS)
        self.assertEqual(read.covered, [2, 4, 5])

    def test_a_crash_at_any_row_loses_none(self) -> None:
        for crash in range(len(ITEMS)):
            host = testing.Host(answer=answer)
            host.break_after = crash
            with self.assertRaises(Error):
                host.read(connector.Items, CONFIG, "items")
            broken = host.out
            kept = broken.rows[: broken.covered[-1]] if broken.covered else []
            host.break_after = None
            last = broken.checkpoints[-1] if broken.checkpoints else None
            again = host.read(connector.Items, CONFIG, "items", checkpoint=last)
            self.assertEqual(kept + again.rows, ITEMS)

    def test_what_the_api_refuses_becomes_an_error_of_the_right_kind(self) -> None:
        for status, kind in [(401, "auth"), (404, "not_found"), (429, "rate_limited"), (503, "transient")]:
            host = testing.Host(answer=lambda request, status=status: (status, {}, b"no"))
            with self.assertRaises(Error) as raised:
                host.read(connector.Items, CONFIG, "items")
            self.assertEqual(raised.exception.kind, kind)
        for config, field in [({"page_size": 0}, "/config/page_size"), ({"pagesize": 5}, "/config/pagesize")]:
            with self.assertRaises(Error) as raised:
                testing.Host(answer=answer).read(connector.Items, config, "items")
            self.assertEqual((raised.exception.kind, raised.exception.field), ("config", field))


if __name__ == "__main__":
    unittest.main()
