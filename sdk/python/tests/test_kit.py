"""Tests of the kit in plain Python: PYTHONPATH=sdk/python python -m unittest discover sdk/python/tests"""

from __future__ import annotations

import enum
import json
import tempfile
import unittest
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tributary_connector import Error, option, testing
from tributary_connector.building import binary, component, lint, manifest, stubs, world
from tributary_connector.config import parse, schema


class Order(enum.Enum):
    NAME = "name"
    SIZE = "size"


@dataclass
class Csv:
    delimiter: str = option(",", min_length=1, max_length=1)


@dataclass
class Config:
    folder: str
    sizes: list[int] = option([], max_items=2)
    names: dict[str, Csv] = option({})
    csv: Csv = field(default_factory=Csv)
    order: Order = Order.NAME
    mode: Literal["all", "new"] = "all"
    limit: float | None = None


class ConfigTest(unittest.TestCase):
    def test_the_schema_says_what_is_read(self) -> None:
        derived = schema(Config)
        self.assertEqual(derived["required"], ["folder"])
        self.assertEqual(derived["properties"]["order"], {"enum": ["name", "size"], "default": "name"})
        self.assertEqual(derived["properties"]["limit"], {"type": "number"})
        csv = {"type": "string", "minLength": 1, "maxLength": 1, "default": ","}
        self.assertEqual(derived["properties"]["csv"]["properties"], {"delimiter": csv})
        json.dumps(derived)
        read = parse(Config, '{"folder": "/in", "order": "size", "limit": 3, "names": {"a": {"delimiter": ";"}}}')
        self.assertEqual((read.order, read.limit, read.names), (Order.SIZE, 3.0, {"a": Csv(";")}))
        self.assertEqual(read.sizes, [])

    def test_what_does_not_fit_is_refused_at_its_place(self) -> None:
        for text, place in [
            ("[]", "/config"),
            ("{", "/config"),
            ("{}", "/config/folder"),
            ('{"folder": 1}', "/config/folder"),
            ('{"folder": "x", "sizes": [1, "2"]}', "/config/sizes/1"),
            ('{"folder": "x", "sizes": [1, true]}', "/config/sizes/1"),
            ('{"folder": "x", "sizes": [1, 2, 3]}', "/config/sizes"),
            ('{"folder": "x", "names": {"a/b": {"delimiter": ""}}}', "/config/names/a~1b/delimiter"),
            ('{"folder": "x", "order": "age"}', "/config/order"),
            ('{"folder": "x", "mode": "old"}', "/config/mode"),
            ('{"folder": "x", "limit": "3"}', "/config/limit"),
            ('{"folder": "x", "fodler": "y"}', "/config/fodler"),
        ]:
            with self.assertRaises(Error) as raised:
                parse(Config, text)
            self.assertEqual((raised.exception.kind, raised.exception.field), ("config", place), text)


class LintTest(unittest.TestCase):
    def test_what_can_not_work_is_told_with_its_line(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "connector.py").write_text(
                "import json\nimport requests\nfrom urllib import request\n\ndef late():\n    import csv\n\n"
                "from tributary_connector import Error, changes, log\n"
            )
            (folder / "test_connector.py").write_text("import socket\n")
            (folder / "vendor").mkdir()
            (folder / "vendor" / "x.py").write_text("import socket\n")
            faults = lint.faults(folder, ["log"])
        self.assertEqual([fault.split(":")[0] for fault in faults], [f"connector.py, line {n}" for n in (2, 3, 8, 6)])
        self.assertIn('list "changes"', faults[2])


class WorldTest(unittest.TestCase):
    def test_imports_are_the_capabilities_and_exports_what_there_is(self) -> None:
        text = world.text({"capabilities": ["log", "http"]}, ["base", "target", "lookup"])
        found = [line.strip() for line in text.splitlines() if "port" in line]
        expected = ["import log", "import http", "export base", "export target", "export lookup"]
        self.assertEqual([line.replace("tributary:connector/", "").split("@")[0] for line in found], expected)
        self.assertTrue((world.contract() / "worlds.wit").is_file())

    def test_a_manifest_without_a_known_role_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            with self.assertRaises(manifest.Refused):
                manifest.load(Path(name))
            for roles in ([], ["mapping_function"]):
                text = json.dumps({"contract": manifest.CONTRACT, "roles": roles})
                (Path(name) / "connector.json").write_text(text)
                with self.assertRaises(manifest.Refused):
                    manifest.load(Path(name))


def stub(*names: str, result: bytes = b"\x00") -> bytes:
    """A core module of functions that trap: no parameter, `result` as the vector of results."""
    return stubs._module({name.encode(): b"\x60\x00" + result for name in names})


def body(code: bytes) -> bytes:
    return binary.section(10, binary.vector([binary.name(code)]))


# Its function does nothing instead of trapping.
WORKING = stub("now").replace(body(b"\x00\x00\x0b"), body(b"\x00\x01\x0b"))


def instance(module: int, *arguments: tuple[str, int]) -> bytes:
    given = [binary.name(name.encode()) + b"\x12" + binary.number(of) for name, of in arguments]
    return b"\x00" + binary.number(module) + binary.vector(given)


class StubsTest(unittest.TestCase):
    def test_stubs_become_one_instance_unless_their_names_collide(self) -> None:
        modules = [stub("now"), stub("exit"), stub("now", result=b"\x01\x7e"), stub("args"), WORKING]
        instances = [instance(0), instance(1), instance(2), instance(3), instance(4, ("clock", 2), ("cli", 3))]
        made = binary.COMPONENT_PREAMBLE
        made += b"".join(binary.section(1, module) for module in modules)
        made += binary.section(2, binary.vector(instances))
        parts = [data for kind, data in binary.sections(stubs.joined(made), binary.COMPONENT_PREAMBLE) if kind == 2]
        # one stands for `now`, `exit` and `args`, one for the other `now`; the last refers to those that stand
        expected = [instance(0), b"\x01\x00", instance(2), b"\x01\x00", instance(4, ("clock", 2), ("cli", 0))]
        self.assertEqual(parts, [binary.vector(expected)])

    def test_a_module_with_code_is_left_alone(self) -> None:
        self.assertNotEqual(WORKING, stub("now"))
        made = binary.COMPONENT_PREAMBLE + binary.section(1, WORKING) + binary.section(1, WORKING)
        self.assertEqual(stubs.joined(made), made)


class ComponentTest(unittest.TestCase):
    def test_imports_are_read_and_strangers_refused(self) -> None:
        def importing(*names: str) -> bytes:
            entries = [b"\x00" + binary.name(name.encode()) + b"\x05\x00" for name in names]
            return binary.COMPONENT_PREAMBLE + binary.section(10, binary.vector(entries))

        own = [f"tributary:connector/{name}@0.1.0" for name in ("types", "io", "http")]
        self.assertEqual(component.capabilities(importing(*own)), ["http"])
        with self.assertRaises(ValueError):
            component.capabilities(importing("wasi:cli/exit@0.2.0"))
        with self.assertRaises(ValueError):
            component.imports(b"\0asm\x01\0\0\0")


class HostTest(unittest.TestCase):
    def test_an_error_of_the_host_keeps_its_kind_and_code(self) -> None:
        from tributary_connector import connections, files

        testing.Host(files={"/in/a.csv": b"x\n1\n"})
        with self.assertRaises(Error) as raised:
            files.open_at(connections.get("server"), "/in/b.csv")
        self.assertEqual((raised.exception.kind, raised.exception.code), ("not_found", "source_not_found"))

    def test_files_are_listed_and_opened_as_listed(self) -> None:
        from tributary_connector import connections, files

        host = testing.Host(files={"/in/a.csv": b"x\n1\n", "/in/deep/b.csv": b"y"})
        testing.current.host = host
        server = connections.get("server")
        self.assertEqual([entry.name for entry in files.entries(server, "/in")], ["a.csv"])
        both = list(files.entries(server, "/in", recursive=True))
        self.assertEqual([entry.path for entry in both], ["/in/a.csv", "/in/deep/b.csv"])
        self.assertEqual(files.open_entry(server, both[0], 2).read(10), b"1\n")
        host.files["/in/a.csv"] = b"longer"
        with self.assertRaises(Error) as raised:
            files.open_entry(server, both[0])
        self.assertEqual(raised.exception.code, "file_changed")

    def test_a_query_gives_rows_that_stay_in_the_host(self) -> None:
        from tributary_connector import connections, sql

        host = testing.Host(queries={"SELECT id FROM a WHERE id > $1": [{"id": 6}, {"id": 7}]})
        testing.current.host = host
        connection = connections.get("database")
        self.assertEqual(sql.speaks(connection), "postgres")
        rows = sql.query(connection, "SELECT id FROM a WHERE id > $1", [5])
        self.assertFalse(rows.pipe("a").ended)
        self.assertEqual((rows.probe("/id"), host.out.rows), ("6", [{"id": 6}]))
        self.assertEqual(len(sql.fetch(connection, "SELECT id FROM a WHERE id > $1", [5])), 2)
        self.assertEqual(host.asked[0], ("SELECT id FROM a WHERE id > $1", [5]))
        with self.assertRaises(Error):
            sql.fetch(connection, "SELECT 1")

    def test_figures_are_told(self) -> None:
        from tributary_connector import metrics

        host = testing.Host()
        testing.current.host = host
        metrics.count("pages", kind="new")
        metrics.sample("page_rows", 7)
        self.assertEqual(host.figures, [("counter", "pages", 1.0, {"kind": "new"}), ("histogram", "page_rows", 7, {})])

    def test_a_socket_speaks_lines(self) -> None:
        from tributary_connector import connections, tcp

        host = testing.Host(server=lambda sent: b"hello\n" if sent == b"" else sent.upper() + b"more\nrest")
        testing.current.host = host
        with tcp.connect(connections.get("scales")) as socket:
            self.assertEqual(socket.read_line(), b"hello\n")
            socket.write(b"get 1\n")
            self.assertEqual([socket.read_line(), socket.read_line(), socket.read(4)], [b"GET 1\n", b"more\n", b"rest"])
        with self.assertRaises(Error):
            socket.read()


if __name__ == "__main__":
    unittest.main()
