// {{name}}: sends each row in a request of its own, under its idempotency key. The host sends, retries and keeps
// receipts; this only says what to send and what an answer means.

import { allRows, ConnectorError, failed, object, passed, retryAfterMs, target, text } from "@tributary/connector";
import { connection } from "@tributary/connector/connections";
import { get } from "@tributary/connector/http";

const config = object({
  path: text({ title: "path below the connection's address", minLength: 1, default: "items" }),
  ping: text({ title: "path that answers 2xx to whoever may send", minLength: 1, default: "ping" }),
});

function check(config) {
  try {
    const answer = get(connection("api"), config.ping).ok();
    return [passed("sign in", `${answer.label} answers with status ${answer.status}`)];
  } catch (error) {
    if (error instanceof ConnectorError) return [failed("sign in", error)];
    throw error;
  }
}

function prepare(config, { rows, keys }) {
  return rows.map((row, number) => ({ path: config.path, body: row, rows: [number], idempotencyKey: keys[number] }));
}

function settle(config, call, response) {
  return allRows(call, outcome(config, response));
}

function outcome(config, { status, headers, body }) {
  const said = body.trim().slice(0, 300);
  const message = `${config.path} answers with status ${status}${said ? `: ${said}` : ""}`;
  if (status >= 200 && status < 300) {
    const detail = objectOf(body);
    if (!detail) throw ConnectorError.data(message, "target_answer");
    return { delivered: { externalId: detail.id === undefined ? undefined : String(detail.id), detail } };
  }
  if (status === 429) return { retry: { kind: "rate_limited", message, retryAfterMs: retryAfterMs(headers) } };
  if ([408, 409, 425].includes(status) || status >= 500) {
    return { retry: { kind: "transient", message, retryAfterMs: retryAfterMs(headers) } };
  }
  if (status === 401 || status === 403) throw new ConnectorError("auth", message);
  if ([400, 413, 422].includes(status)) {
    const error = objectOf(body)?.error;
    return { rejected: { code: String(error?.code ?? `http_${status}`), message: String(error?.message ?? message) } };
  }
  throw ConnectorError.data(message, "target_answer");
}

/** Any answer may come: a web page, half a text, nothing. */
function objectOf(body) {
  try {
    const value = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export default target({ config, check, prepare, settle });
