// CSV files of one folder. A partition is one file as it was seen when the run was planned; a checkpoint after each
// page holds the place in it, so a crash repeats one page. No row enters this memory.

import { ConnectorError, failed, list, object, passed, source, text } from "@tributary/connector";
import type { ConfigOf, Selection, Step, Stream } from "@tributary/connector";
import { connection } from "@tributary/connector/connections";
import { entries, openAt, stat } from "@tributary/connector/files";
import * as log from "@tributary/connector/log";
import { checkpoint } from "@tributary/connector/output";
import { decode, type Rows } from "@tributary/connector/rows";

const CONNECTION = "server";

const config = object({
  folder: text({ title: "folder on the server", minLength: 1 }),
  stream: text({ title: "name of the stream, for integrations", minLength: 1, default: "files" }),
  pattern: text({ title: "file names to read: * any text, ? one character", minLength: 1, default: "*.csv" }),
  delimiter: text({ minLength: 1, maxLength: 1, default: "," }),
  encoding: text({ title: "WHATWG label, for example windows-1252", default: "utf-8" }),
  expected_columns: list(text(), { title: "columns that each header must have", uniqueItems: true, default: [] }),
});
type Config = ConfigOf<typeof config>;

/** A file to read; its checkpoint is kept under `key` from run to run. */
interface Part {
  key: string;
  size: number;
  modified_ms: number;
}

interface Place extends Part {
  line: number;
  offset: number;
  columns: string[];
  done: boolean;
}

function check(config: Config): Step[] {
  const steps: Step[] = [];
  let step = "folder";
  try {
    const found = matching(config);
    steps.push(passed(step, `${found.length} files in ${config.folder} match ${config.pattern}`));
    step = "header";
    const file = newest(found);
    if (file) steps.push(passed(step, `${file.key}: ${columnsOf(config, file).join(", ")}`));
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    steps.push(failed(step, error));
  }
  return steps;
}

function discover(config: Config): Stream[] {
  const file = newest(matching(config));
  const columns = file ? columnsOf(config, file) : [];
  const properties = Object.fromEntries(columns.map((name) => [name, { type: "string" }]));
  const schema = { type: "object", required: columns, properties };
  return [{ name: config.stream, schema, incremental: true, partitioned: true }];
}

function partitions(config: Config, selection: Selection): Part[] {
  checkStream(config, selection);
  const read = selection.incremental ? (selection.checkpoints as Place[]).filter((place) => place.done) : [];
  return matching(config).filter((file) => !read.some((place) => same(place, file)));
}

function read(config: Config, selection: Selection): void {
  checkStream(config, selection);
  const file = selection.partition as Part;
  const seen = selection.checkpoint as Place | undefined;
  const last = seen && same(seen, file) ? seen : undefined;
  if (last?.done) return;
  unchanged(file);
  const { rows, columns } = openRows(config, file, last);
  for (;;) {
    const { line, offset, ended } = rows.pipe(config.stream);
    if (ended) {
      unchanged(file);
      if (offset < file.size) {
        const message = `${file.key}: ${file.size} bytes were announced, ${offset} came`;
        throw ConnectorError.data(message, "file_truncated");
      }
    }
    checkpoint({ ...file, line, offset, columns, done: ended } satisfies Place);
    if (ended) return rows.close();
  }
}

/** The files of the folder whose name matches, by name. */
function matching(config: Config): Part[] {
  const pattern = config.pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  const wanted = new RegExp(`^${pattern}$`, "su");
  const found: Part[] = [];
  for (const { path, name, size, modifiedMs } of entries(connection(CONNECTION), config.folder)) {
    if (wanted.test(name)) found.push({ key: path, size, modified_ms: modifiedMs });
  }
  return found;
}

function newest(found: Part[]): Part | undefined {
  return found.toSorted((a, b) => a.modified_ms - b.modified_ms).at(-1);
}

function columnsOf(config: Config, file: Part): string[] {
  const { rows, columns } = openRows(config, file, undefined);
  rows.close();
  return columns;
}

/** The rows of a file from its beginning or from a checkpoint on, and the names of its columns. */
function openRows(config: Config, file: Part, last: Place | undefined): { rows: Rows; columns: string[] } {
  const options = { source: file.key, delimiter: config.delimiter, encoding: config.encoding };
  const reader = openAt(connection(CONNECTION), file.key, last?.offset);
  if (last) {
    const { columns, line, offset } = last;
    log.info("going on inside the file", { file: file.key, offset });
    return { rows: decode(reader, "csv", { ...options, header: false, columns, start: { line, offset } }), columns };
  }
  const rows = decode(reader, "csv", { ...options, expected_columns: config.expected_columns });
  return { rows, columns: rows.columns() };
}

function unchanged(file: Part): void {
  const now = stat(connection(CONNECTION), file.key);
  if (now.size !== file.size || now.modifiedMs !== file.modified_ms) {
    throw ConnectorError.transient(`${file.key}: it was written to after the run was planned`, "file_changed");
  }
}

function same(one: Part, other: Part): boolean {
  return one.key === other.key && one.size === other.size && one.modified_ms === other.modified_ms;
}

function checkStream(config: Config, { stream }: Selection): void {
  if (stream === config.stream) return;
  throw ConnectorError.config("/config/stream", `the connection has the stream "${config.stream}", not "${stream}"`);
}

export default source({ config, check, discover, partitions, read });
