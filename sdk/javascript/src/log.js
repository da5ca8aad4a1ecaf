// Lines of the run's log; each is cut at 8 KiB, 1 MiB per call is kept.

import * as contract from "tributary:connector/log@0.1.0";

export const debug = (message, fields) => write("debug", message, fields);
export const info = (message, fields) => write("info", message, fields);
export const warn = (message, fields) => write("warn", message, fields);
export const error = (message, fields) => write("error", message, fields);

function write(level, message, fields = {}) {
  contract.log(
    level,
    message,
    Object.entries(fields).map(([name, value]) => [name, String(value)]),
  );
}
