// The bytes of a component: what it imports, its digest, the section with the manifest. Reads just enough of the
// binary format (WebAssembly component model, `Binary.md`); the platform validates all of it.

import { createHash } from "node:crypto";

const PREAMBLE = Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
const IMPORT = 10;
const MANIFEST = "tributary:manifest";
const NAMESPACE = "tributary:connector/";

/** The component with `connector.json` in its custom section, which may stand at the end. */
export function withManifest(component, manifest) {
  const body = Buffer.concat([named(MANIFEST), Buffer.from(JSON.stringify(manifest))]);
  return Buffer.concat([component, Buffer.from([0]), number(body.length), body]);
}

/** The imported interfaces of the contract, without those that grant nothing. */
export function capabilities(component) {
  const found = imports(component).map((name) => {
    if (!name.startsWith(NAMESPACE)) throw new Error(`it imports "${name}"; connectors import only ${NAMESPACE}…`);
    return name.slice(NAMESPACE.length).split("@")[0];
  });
  return found.filter((name) => name !== "types" && name !== "io");
}

/** As the platform names it. */
export function digest(component) {
  return `sha256:${createHash("sha256").update(component).digest("hex")}`;
}

/** The names that the component itself imports, in order. Sections of nested components lie within theirs. */
export function imports(component) {
  if (!PREAMBLE.equals(component.subarray(0, 8))) throw new Error("the file is no WebAssembly component");
  const cursor = { data: component, at: 8 };
  const found = [];
  while (cursor.at < component.length) {
    const kind = byte(cursor);
    const size = readNumber(cursor);
    const end = cursor.at + size;
    if (kind === IMPORT) {
      for (let left = readNumber(cursor); left > 0; left -= 1) found.push(imported(cursor));
    }
    cursor.at = end;
  }
  return found;
}

function imported(cursor) {
  // 0 and 1: a name; 2: a name with a version suffix
  const form = byte(cursor);
  const name = readName(cursor);
  if (form === 2) readName(cursor);
  // an interface is 5 and the index of its type
  if (byte(cursor) !== 5) throw new Error(`it imports "${name}", which is no interface`);
  readNumber(cursor);
  return name;
}

function byte(cursor) {
  cursor.at += 1;
  return cursor.data[cursor.at - 1];
}

function readName(cursor) {
  const size = readNumber(cursor);
  cursor.at += size;
  return cursor.data.subarray(cursor.at - size, cursor.at).toString("utf8");
}

function readNumber(cursor) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const part = byte(cursor);
    value += (part & 0x7f) * 2 ** shift;
    if (part < 0x80) return value;
  }
}

function named(name) {
  const text = Buffer.from(name);
  return Buffer.concat([number(text.length), text]);
}

function number(value) {
  const out = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...out, left]);
    out.push((left % 128) + 128);
  }
}
