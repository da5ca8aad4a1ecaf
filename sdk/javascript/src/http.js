// Requests below a connection's base address. A status is no error until `ok()` is asked.

import * as contract from "tributary:connector/http@0.1.0";

import { asked, ConnectorError } from "./errors.js";
import { retryAfterMs } from "./headers.js";
import { Reader } from "./reader.js";

/** Characters of a refusing answer that go into a message, and bytes that are read for it. */
const SAID_CHARS = 300;
const SAID_BYTES = 4096;

export class Answer {
  constructor(label, status, headers, body) {
    this.label = label;
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** The first header of that name, in any case. */
  header(name) {
    return this.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  }

  /** This answer if its status is 2xx; otherwise throws the error that the status stands for. */
  ok() {
    if (this.status >= 200 && this.status < 300) return this;
    throw this.#error();
  }

  #error() {
    const said = new TextDecoder().decode(this.body.read(SAID_BYTES)).replace(/\s+/g, " ").trim().slice(0, SAID_CHARS);
    this.body.close();
    const message = `${this.label}: status ${this.status}${said ? `: ${said}` : ""}`;
    const wait = retryAfterMs(this.headers);
    const { status } = this;
    if (status === 401 || status === 403) return new ConnectorError("auth", message);
    if (status === 404 || status === 410) return new ConnectorError("not_found", message);
    if (status === 429 || (status === 503 && wait !== undefined)) return ConnectorError.rateLimited(message, wait);
    if (status === 408 || status === 425 || status >= 500) return ConnectorError.transient(message, "source_protocol");
    if (status >= 300 && status < 400) {
      const what = "redirects are not followed, correct the base address or the path";
      return new ConnectorError("config", `${message}; ${what}`);
    }
    return ConnectorError.data(message);
  }
}

/** Sends a request. The host sets host, credentials, encoding; it refuses such headers here. */
export function send(connection, { method = "get", path, query = {}, headers = {}, body, idempotencyKey, timeoutMs }) {
  const request = {
    method,
    path,
    query: pairs(query),
    headers: pairs(headers),
    body,
    idempotencyKey,
    timeoutMs,
  };
  const answer = asked(() => contract.send(connection.handle, request));
  return new Answer(`${method.toUpperCase()} ${path}`, answer.status, answer.headers, new Reader(answer.body));
}

/** A GET for JSON. */
export function get(connection, path, query = {}, headers = {}) {
  return send(connection, { path, query, headers: { accept: "application/json", ...headers } });
}

function pairs(given) {
  const entries = Array.isArray(given) ? given : Object.entries(given);
  return entries.filter(([, value]) => value != null).map(([name, value]) => [name, String(value)]);
}
