"""Tests of the capability `changes` over the host in memory: plain Python, as `test_kit`."""

from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

from tributary_connector import Error, testing  # it stands in for the host, so before the capabilities
from tributary_connector import changes, connections, output  # isort: skip

LOG = changes.Log("slot", "publication")
ORDERS = changes.Table("orders", ["id"])


def change(position: str, op: str, table: str = "orders", **row: Any) -> dict[str, Any]:
    return {"_change_op": op, "_change_table": table, "_change_position": position, **row}


CHANGES = [
    change("0/10", "insert", id=1, note="a"),
    change("0/20", "update", id=1, note="b"),
    change("0/20", "insert", "items", id=5),
    change("0/20", "insert", id=2, note="c"),
    change("0/30", "delete", id=1, note=None),
]


def run(host: testing.Host, since: str, until: str, *tables: changes.Table) -> list[Any]:
    """Reads as a connector does: a checkpoint after each page."""
    host.out = testing.Read()
    testing.current.host = host
    rows = changes.read(connections.get("db"), LOG, tables or [ORDERS], since, until)
    while not rows.pipe("orders").ended:
        output.checkpoint(rows.probe(changes.POSITION))
    return [(row["_change_op"], row["id"]) for row in host.out.rows]


class ChangesTest(unittest.TestCase):
    def test_a_log_is_read_between_its_places(self) -> None:
        host = testing.Host(log=CHANGES[:1])
        testing.current.host = host
        connection = connections.get("db")
        since = changes.start(connection, LOG)
        host.log.add(*CHANGES[1:])
        until = changes.end(connection, LOG)
        self.assertEqual((since, until), ("end-1", "end-5"))
        self.assertEqual(run(host, since, until), [("update", 1), ("insert", 2), ("delete", 1)])
        # the first page has no row, and says from where it is
        self.assertEqual(host.out.covered, [0, 1, 2, 3])
        self.assertEqual(host.out.checkpoints, ["end-1", "0/20", "0/20", "0/30"])
        self.assertEqual(host.out.rows[0]["_change_unchanged"], None)
        # a place in a transaction is the place of the whole transaction
        self.assertEqual(run(host, "0/20", "0/30"), [("update", 1), ("insert", 2)])
        self.assertEqual(run(host, until, until), [])

    def test_tables_and_columns_are_those_that_are_asked_for(self) -> None:
        host = testing.Host(log=CHANGES)
        both = [changes.Table("orders", ["id"], ["id"], "public"), changes.Table("items", ["id"])]
        self.assertEqual(len(run(host, "0/10", "end-5", *both)), 5)
        self.assertNotIn("note", host.out.rows[0])

    def test_what_was_released_is_gone(self) -> None:
        host = testing.Host(log=CHANGES)
        testing.current.host = host
        changes.release(connections.get("db"), LOG, "0/20")
        self.assertEqual((host.log.released, len(run(host, "0/20", "end-5"))), (["0/20"], 3))
        for position in ("0/10", "end-0", "elsewhere", ""):
            with self.assertRaises(Error) as raised:
                run(host, position, "end-5")
            self.assertEqual((raised.exception.kind, raised.exception.code), ("data", "changes_gone"))

    def test_a_test_that_gives_no_log_or_half_a_change_is_told(self) -> None:
        with self.assertRaises(Error) as raised:
            run(testing.Host(), "0/10", "0/20")
        self.assertEqual(raised.exception.kind, "config")
        with self.assertRaises(ValueError):
            testing.Host(log=[{"id": 1, "_change_op": "insert", "_change_table": "orders"}])

    def test_what_the_host_is_asked_has_no_member_that_was_not_given(self) -> None:
        with mock.patch.object(changes, "_contract") as contract:
            connection = mock.Mock(handle="handle")
            changes.read(connection, LOG, [changes.Table("a", ["id"], schema="s"), ORDERS], "1", "2")
            changes.end(connection, changes.Log())
        one = '{"table": "a", "key": ["id"], "columns": [], "schema": "s"}'
        tables = f'[{one}, {{"table": "orders", "key": ["id"], "columns": []}}]'
        log = '{"slot": "slot", "publication": "publication"}'
        contract.read.assert_called_once_with("handle", log, tables, "1", "2")
        contract.end.assert_called_once_with("handle", "{}")


if __name__ == "__main__":
    unittest.main()
