"""Numbers, names and sections of the WebAssembly binary format, as far as the build touches them."""

from __future__ import annotations

from collections.abc import Iterator

MODULE_PREAMBLE = b"\0asm\x01\0\0\0"
COMPONENT_PREAMBLE = b"\0asm\x0d\0\x01\0"


class Cursor:
    """Reads from the front of bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def more(self) -> bool:
        return self.at < len(self.data)

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """An unsigned LEB128."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]

    def name(self) -> bytes:
        """Bytes with their length in front."""
        return self.take(self.number())


def number(value: int) -> bytes:
    """An unsigned LEB128."""
    out = bytearray()
    while True:
        low = value & 0x7F
        value >>= 7
        if not value:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def name(data: bytes) -> bytes:
    """Bytes with their length in front."""
    return number(len(data)) + data


def vector(items: list[bytes]) -> bytes:
    """Items with their number in front."""
    return number(len(items)) + b"".join(items)


def section(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + name(data)


def sections(data: bytes, preamble: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each section. What nested modules and components hold stays within theirs."""
    if not data.startswith(preamble):
        raise ValueError("the file is no WebAssembly component")
    cursor = Cursor(data)
    cursor.at = len(preamble)
    while cursor.more():
        kind = cursor.byte()
        yield kind, cursor.name()
