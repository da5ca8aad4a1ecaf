// Invoices for an API that knows no idempotency keys but can be asked for a number. A call whose answer was lost is
// not sent again before the host has asked whether its invoice is there. Each run leaves a list of its invoices.
//
// Invariant: an invoice is called absent only if the API answers a search with an empty list, and called ours only if
// the total is ours, too: someone else may have used the number.

import { allRows, ConnectorError, failed, object, passed, retryAfterMs, target, text } from "@tributary/connector";
import type { Batch, Call, ConfigOf, Outcome, Response, Step } from "@tributary/connector";
import type { Document, Finding, Inquiry, Written } from "@tributary/connector";
import { connection } from "@tributary/connector/connections";
import { get } from "@tributary/connector/http";

const config = object({
  path: text({ title: "path of the invoices", minLength: 1, default: "v1/invoices" }),
  imports: text({ title: "path below which each run leaves its list", minLength: 1, default: "v1/imports" }),
  ping: text({ title: "path that answers 2xx to whoever may send", minLength: 1, default: "v1/ping" }),
});

type Config = ConfigOf<typeof config>;
type Json = Record<string, unknown>;
/** What an inquiry remembers of its row. */
type Sent = { number?: unknown; total?: unknown };

function check(config: Config): Step[] {
  try {
    const answer = get(connection("api"), config.ping).ok();
    return [passed("sign in", `${answer.label} answers with status ${answer.status}`)];
  } catch (error) {
    if (error instanceof ConnectorError) return [failed("sign in", error)];
    throw error;
  }
}

function prepare(config: Config, { rows }: Batch): Call[] {
  return rows.map((row, place) => ({ path: config.path, body: row, rows: [place] }));
}

function settle(_: Config, call: Call, response: Response): Map<number, Outcome> {
  return allRows(call, outcome(response));
}

function inquire(config: Config, { rows }: Batch): Inquiry[] {
  return rows.map((row, place) => {
    const { number, total } = objectOf(row) ?? {};
    return { path: config.path, query: [["number", String(number)]], rows: [place], context: { number, total } };
  });
}

function judge(_: Config, inquiry: Inquiry, answer: Response): Map<number, Finding> {
  return allRows(inquiry, finding(inquiry.context as Sent, answer));
}

function conclude(config: Config, run: string, written: Written[]): Document[] {
  const invoices = written.map(({ externalId, detail }) => ({ id: externalId, number: detail?.number ?? null }));
  return [{ path: `${config.imports}/${run}`, content: JSON.stringify({ run, invoices }) }];
}

function outcome(response: Response): Outcome {
  const { status, headers, body } = response;
  const message = said("the invoice", response);
  if (status >= 200 && status < 300) {
    const invoice = objectOf(body);
    if (invoice?.id === undefined) throw ConnectorError.data(message, "target_answer");
    return { delivered: { externalId: String(invoice.id), detail: invoice } };
  }
  if (status === 429) return { retry: { kind: "rate_limited", message, retryAfterMs: retryAfterMs(headers) } };
  if ([408, 425].includes(status) || status >= 500) {
    return { retry: { kind: "transient", message, retryAfterMs: retryAfterMs(headers) } };
  }
  if (status === 401 || status === 403) throw new ConnectorError("auth", message);
  if ([400, 409, 422].includes(status)) {
    const error = objectOf(body)?.error as Json | null | undefined;
    return { rejected: { code: String(error?.code ?? `http_${status}`), message: String(error?.message ?? message) } };
  }
  throw ConnectorError.data(message, "target_answer");
}

function finding({ number, total }: Sent, answer: Response): Finding {
  const { status, headers, body } = answer;
  const message = said("the search", answer);
  if (number == null) return { unclear: { message: "the record has no number to ask for" } };
  if ([408, 425, 429].includes(status) || status >= 500) {
    return { later: { message, retryAfterMs: retryAfterMs(headers) } };
  }
  if (status === 401 || status === 403) throw new ConnectorError("auth", message);
  if (status !== 200) return { unclear: { message } };
  const items = objectOf(body)?.items;
  if (!Array.isArray(items)) throw ConnectorError.data(message, "target_answer");
  if (items.length === 0) return { absent: true };
  const [invoice] = items;
  if (items.length === 1 && invoice?.id !== undefined && alike(invoice.total, total)) {
    return { there: { externalId: String(invoice.id), detail: invoice } };
  }
  return { unclear: { message: `${number} is there, but not as one invoice with the total ${total}` } };
}

/** "10.50" and 10.5 are the same amount. */
function alike(one: unknown, other: unknown): boolean {
  const amount = (value: unknown) => (value === "" || value == null ? NaN : Number(value));
  return amount(one) === amount(other);
}

function said(what: string, { status, body }: Response): string {
  const text = body.trim().slice(0, 300);
  return `${what} is answered with status ${status}${text ? `: ${text}` : ""}`;
}

/** Any answer may come: a web page, half a text, nothing. */
function objectOf(body: string): Json | undefined {
  try {
    const value = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export default target({ config, check, prepare, settle, inquire, judge, conclude });
