// All interfaces of the contract over the host in memory that is current; see `testing.js`.

import { current, cut, fault, pointed, scalar } from "./testing.js";

// connections, control, log, metrics
export const get = (label) => ({ label: () => label, baseUrl: () => current().baseUrl });
export const stopping = () => current().stopping;
export const nowMs = () => BigInt(current().nowMs);
export const sleepMs = () => {};
export const log = (level, message, fields) => {
  current().lines.push([level, message, ...fields.map(([name, value]) => `${name}=${value}`)].join(" "));
};

export const observe = (name, kind, value, labels) => {
  current().figures.push({ name, kind, value, labels: Object.fromEntries(labels) });
};

// http
export function send(_, { method, path, query, headers, body }) {
  const host = current();
  const asked = { method, path, query: Object.fromEntries(query), headers: Object.fromEntries(headers), body };
  host.requests.push(asked);
  if (!host.answer) throw fault("transient", "the test gave the host no answer", "connection_unreachable");
  const [status, answered, text] = host.answer(asked);
  return { status, headers: Object.entries(answered), body: reader(new TextEncoder().encode(text), 0) };
}

// files
export const list = (_, folder, recursive) => ({ entries: paths(folder, recursive).map((path) => stat(_, path)), next: undefined });
export const stat = (_, path) => ({ path, size: BigInt(file(path).length), modifiedMs: 1_780_000_000_000n });
export const open = (_, path, offset, _version) => reader(file(path).subarray(Number(offset)), Number(offset));

export function openEntry(_, entry, offset) {
  if (Number(entry.size) !== file(entry.path).length) {
    throw fault("transient", `${entry.path} is another file by now`, "file_changed");
  }
  return reader(file(entry.path).subarray(Number(offset)), Number(offset));
}

function paths(folder, recursive) {
  const below = folder.replace(/\/$/, "");
  const inside = (path) =>
    recursive ? path.startsWith(`${below}/`) : path.slice(0, path.lastIndexOf("/")) === below;
  return Object.keys(current().files).filter(inside).sort();
}

function file(path) {
  const text = current().files[path];
  if (text === undefined) throw fault("not-found", `${path} does not exist`, "source_not_found");
  return new TextEncoder().encode(text);
}

function reader(data, origin) {
  let at = 0;
  const read = (most) => {
    const piece = data.subarray(at, at + most);
    at += piece.length;
    return piece;
  };
  return { data, origin, read, size: () => BigInt(data.length) };
}

// sql
export const speaks = () => "postgres";
export const fetch = (_, statement, params) => JSON.stringify(rowsOf(statement, params));

export const query = (_, statement, params) => paged(rowsOf(statement, params).map(pageOf));

function pageOf(row) {
  return { rows: [row], last: row };
}

/** Rows one to a page. `last` is what `probe` looks into after the page. */
function paged(pages) {
  let next = 0;
  let line = 1n;
  return {
    probe: (pointer) => (next > 0 ? scalar(pointed(pages[next - 1].last, pointer)) : undefined),
    pipe(maxPages) {
      const moved = pages.slice(next, next + Math.max(1, maxPages));
      const rows = moved.flatMap((page) => page.rows);
      current().handOver(rows);
      next += moved.length;
      line += BigInt(rows.length);
      const place = { line, offset: 0n };
      return { rows: BigInt(rows.length), pages: rows.length, next: place, ended: moved.length < maxPages };
    },
  };
}

function rowsOf(statement, params) {
  const host = current();
  host.asked.push({ statement, params: JSON.parse(params) });
  const rows = host.queries[statement];
  if (!rows) throw fault("config", `the test gave no rows for ${statement}`);
  return rows;
}

// changes
export const end = (_, log) => logOf(log).end();
export const start = end;
export const release = (_, log, until) => logOf(log).release(until);

/** A page without a row first, as a log with changes of other tables has them, then a row to each. */
export function read(_, log, tables, from, until) {
  const found = logOf(log);
  const asked = JSON.parse(tables).map((table) => only(table, ["schema", "table", "columns", "key"]));
  if (asked.length === 0) throw fault("bug", "changes of no table are asked for");
  const rows = found.between(from, until).flatMap((row) => {
    const table = asked.find((one) => one.table === row._change_table);
    return table ? [cutTo(table.columns ?? [], row)] : [];
  });
  return paged([{ rows: [], last: { _change_position: from } }, ...rows.map(pageOf)]);
}

function cutTo(columns, row) {
  const wanted = (name) => columns.length === 0 || columns.includes(name) || name.startsWith("_change_");
  return Object.fromEntries(Object.entries(row).filter(([name]) => wanted(name)));
}

function logOf(given) {
  only(JSON.parse(given), ["slot", "publication"]);
  const { log } = current();
  if (!log) throw fault("config", "the test gave the host no log");
  return log;
}

function only(given, known) {
  const strange = Object.keys(given).find((name) => !known.includes(name));
  if (strange) throw fault("bug", `what changes are asked of has no "${strange}"; there are ${known.join(", ")}`);
  return given;
}

// tcp: ends when the server has nothing to say
export function connect() {
  const { server } = current();
  if (!server) throw fault("transient", "the test gave the host no server", "connection_unreachable");
  let sent = "";
  let came = new Uint8Array();
  return {
    write: (data) => {
      sent += new TextDecoder().decode(data);
    },
    read(most) {
      if (came.length === 0) {
        came = new TextEncoder().encode(server(sent));
        sent = "";
      }
      const piece = came.subarray(0, most);
      came = came.subarray(piece.length);
      return piece;
    },
  };
}

// codec, output
export function decode(source, format, given) {
  const options = JSON.parse(given);
  const { columns, rows, document, end } = cut(source, format, options);
  let next = 0;
  return {
    schema: () => JSON.stringify(columns ? { columns } : {}),
    probe: (pointer) => scalar(pointed(document, pointer)),
    pluck: (pointer) => rows.map(({ row }) => scalar(pointed(row, pointer))),
    pipe(maxPages) {
      const moved = rows.slice(next, next + Math.max(1, maxPages));
      current().handOver(moved.map(({ row }) => row));
      next += moved.length;
      const place = moved.at(-1)?.place ?? end;
      return { rows: BigInt(moved.length), pages: moved.length, next: place, ended: moved.length < maxPages };
    },
  };
}

export const pipe = (_, rows, maxPages) => rows.pipe(maxPages);
export const emit = ({ data }) => {
  const lines = new TextDecoder().decode(data).split("\n");
  current().handOver(lines.filter((line) => line !== "").map((line) => JSON.parse(line)));
};
export const checkpoint = (state) => {
  const { out } = current();
  out.checkpoints.push(JSON.parse(state));
  out.covered.push(out.rows.length);
};
export const flush = () => {
  const { out } = current();
  out.flushed.push(out.checkpoints.length);
};
