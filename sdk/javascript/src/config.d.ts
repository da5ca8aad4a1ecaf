/** What a value of the configuration may be. */
export interface Kind<T> {
  readonly schema: object;
  /** Throws a `ConnectorError` with the place that does not fit. */
  read(value: unknown, at: string): T;
}

export type Members = Record<string, Kind<unknown>>;
/** The type that a kind reads. */
export type ConfigOf<K> = K extends Kind<infer T> ? T : never;

export interface Rules<T> {
  title?: string;
  description?: string;
  examples?: T[];
  /** Without a default the tenant must give it. */
  default?: T;
}

type TextRules = Rules<string> & { minLength?: number; maxLength?: number; pattern?: string };
type NumberRules = Rules<number> & { minimum?: number; maximum?: number };
type ListRules<T> = Rules<T[]> & { minItems?: number; maxItems?: number; uniqueItems?: boolean };

export function text(rules?: TextRules): Kind<string>;
export function flag(rules?: Rules<boolean>): Kind<boolean>;
export function integer(rules?: NumberRules): Kind<number>;
export function number(rules?: NumberRules): Kind<number>;
export function choice<const T extends string | number>(values: readonly T[], rules?: Rules<T>): Kind<T>;
export function list<T>(item: Kind<T>, rules?: ListRules<T>): Kind<T[]>;
export function map<T>(item: Kind<T>, rules?: Rules<Record<string, T>>): Kind<Record<string, T>>;
export function object<M extends Members>(
  members: M,
  rules?: Rules<{ [K in keyof M]: ConfigOf<M[K]> }>,
): Kind<{ [K in keyof M]: ConfigOf<M[K]> }>;
/** A member that need not be given and then is undefined. */
export function optional<T>(item: Kind<T>): Kind<T | undefined>;
