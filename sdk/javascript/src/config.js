// Typed configuration: a value says what there is, the JSON Schema of `connector.json` is derived from it, and the
// text of the host is read by it.
//
// Invariant: what the schema allows, `read` reads; what does not fit is refused with a pointer to its place.

import { ConnectorError } from "./errors.js";

const NOT_GIVEN = Symbol("not given");

/** What JSON Schema calls the rules. */
const RULES = {
  minimum: (value, limit) => value >= limit,
  maximum: (value, limit) => value <= limit,
  minLength: (value, limit) => [...value].length >= limit,
  maxLength: (value, limit) => [...value].length <= limit,
  pattern: (value, limit) => new RegExp(limit, "u").test(value),
  minItems: (value, limit) => value.length >= limit,
  maxItems: (value, limit) => value.length <= limit,
};

export const text = (rules) => plain("string", (value) => typeof value === "string", rules);
export const flag = (rules) => plain("boolean", (value) => typeof value === "boolean", rules);
export const integer = (rules) => plain("integer", Number.isSafeInteger, rules);
export const number = (rules) => plain("number", (value) => typeof value === "number", rules);

/** One of some values. */
export function choice(values, rules) {
  const read = (value, at) => {
    if (!values.includes(value)) refuse(at, `${shown(value)} is none of ${values.join(", ")}`);
    return value;
  };
  return kind({ enum: values }, read, rules);
}

export function list(item, rules) {
  const read = (value, at) => {
    if (!Array.isArray(value)) refuse(at, `${shown(value)} is no list`);
    return value.map((one, place) => item.read(one, `${at}/${place}`));
  };
  return kind({ type: "array", items: item.schema }, read, rules);
}

/** Named values of one kind. */
export function map(item, rules) {
  const read = (value, at) => {
    if (!isObject(value)) refuse(at, `${shown(value)} is no object`);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, item.read(one, `${at}/${escaped(name)}`)]));
  };
  return kind({ type: "object", additionalProperties: item.schema }, read, rules);
}

/** A member that need not be given and then is undefined. */
export function optional(item) {
  return { ...item, default: undefined };
}

export function object(members, rules) {
  const names = Object.keys(members);
  const required = names.filter((name) => members[name].default === NOT_GIVEN);
  const read = (value, at) => {
    if (!isObject(value)) refuse(at, `${shown(value)} is no object`);
    for (const name of Object.keys(value)) {
      if (!names.includes(name)) refuse(`${at}/${escaped(name)}`, `there is no member "${name}"; there are ${names.join(", ")}`);
    }
    for (const name of required) if (!(name in value)) refuse(`${at}/${name}`, `${name} is not given`);
    const one = (name) => (name in value ? members[name].read(value[name], `${at}/${name}`) : members[name].default);
    return Object.fromEntries(names.map((name) => [name, one(name)]));
  };
  const schema = {
    type: "object",
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(names.map((name) => [name, members[name].schema])),
  };
  return kind(schema, read, rules);
}

/** The JSON Schema (2020-12) of a configuration. */
export function schemaOf(config) {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...config.schema };
}

/** Reads the configuration that the host hands over. */
export function parse(config, given) {
  let value;
  try {
    value = JSON.parse(given);
  } catch (error) {
    refuse("/config", `the configuration is not JSON: ${error.message}`);
  }
  return config.read(value, "/config");
}

function plain(type, fits, rules) {
  const read = (value, at) => {
    if (!fits(value)) refuse(at, `${shown(value)} is no ${type}`);
    return value;
  };
  return kind({ type }, read, rules);
}

function kind(schema, read, rules = {}) {
  const checked = (value, at) => {
    const found = read(value, at);
    for (const [rule, limit] of Object.entries(rules)) {
      if (RULES[rule] && !RULES[rule](value, limit)) refuse(at, `${shown(value)} breaks ${rule} ${limit}`);
    }
    return found;
  };
  const preset = "default" in rules ? rules.default : NOT_GIVEN;
  return { schema: { ...schema, ...rules }, read: checked, default: preset };
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(field, message) {
  throw ConnectorError.config(field, message);
}

function shown(value) {
  const told = JSON.stringify(value) ?? String(value);
  return told.length <= 80 ? told : `${told.slice(0, 77)}...`;
}

function escaped(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
