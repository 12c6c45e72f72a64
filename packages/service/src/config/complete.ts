import { shapeCheck, type ShapeError } from "@qmtl/contracts";
import { nearestWord, QmtlError, shown } from "@qmtl/core";
import { Config } from "./schema.ts";
import { resolveSecret, type SecretSources } from "./secret.ts";
import type { SettingSchema } from "./setting.ts";

type Mapping = Record<string, unknown>;

/** What is not an error, and still worth a line: an older spelling, a section that is not there. */
export type Warn = (line: string) => void;

/**
 * A whole configuration from what a document says: defaults filled in, older names translated, secrets wrapped.
 *
 * @throws QmtlError `CONFIG_INVALID`, naming the setting, what was expected and the nearest known name
 */
export function completeConfig(document: unknown, what: string, sources: SecretSources, warn: Warn): Config {
  const filled = fill(Config as SettingSchema, document ?? {}, "", what, warn);
  checkShape(filled, what);
  return wrapSecrets(Config as SettingSchema, filled, "", sources) as Config;
}

function fill(schema: SettingSchema, value: unknown, path: string, what: string, warn: Warn): unknown {
  if (schema.properties === undefined) return value === undefined ? schema.default : value;
  const given = mappingOf(value ?? {}, path, what);
  const renamed = withCanonicalNames(given, schema.properties, path, warn);
  refuseUnknown(renamed, schema.properties, path, what);
  return Object.fromEntries(
    Object.entries(schema.properties).map(([key, part]) => [
      key,
      fill(part, Object.hasOwn(renamed, key) ? renamed[key] : undefined, joined(path, key), what, warn),
    ]),
  );
}

function mappingOf(value: unknown, path: string, what: string): Mapping {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Mapping;
  const place = path === "" ? what : `${path} in ${what}`;
  throw new QmtlError("CONFIG_INVALID", `${place} must hold keys and values; found ${shown(value)}`);
}

/** `redis_url` and `redis_uri` are older names of `redis_dsn`. The newer one wins where both are given. */
function withCanonicalNames(given: Mapping, known: object, path: string, warn: Warn): Mapping {
  const renamed: Mapping = {};
  for (const [key, value] of Object.entries(given)) {
    const canonical = key.replace(/_ur[li]$/, "_dsn");
    if (Object.hasOwn(known, key) || canonical === key || !Object.hasOwn(known, canonical)) {
      renamed[key] = value;
      continue;
    }
    warn(`${joined(path, key)} is the older name of ${joined(path, canonical)}`);
    if (!Object.hasOwn(given, canonical)) renamed[canonical] = value;
  }
  return renamed;
}

function refuseUnknown(given: Mapping, known: object, path: string, what: string): void {
  const names = Object.keys(known);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(known, key)) continue;
    const guess = nearestWord(key, names);
    const place = path === "" ? what : `${path} in ${what}`;
    throw new QmtlError("CONFIG_INVALID", `${place} has the unknown key "${key}"`, {
      hint: guess === undefined ? `known keys: ${names.join(", ")}` : `did you mean "${guess}"?`,
      details: { setting: joined(path, key), ...(guess !== undefined && { nearest: guess }) },
    });
  }
}

const check = shapeCheck(Config, "the configuration");

function checkShape(value: unknown, what: string): void {
  try {
    check(value);
  } catch (cause) {
    if (!(cause instanceof QmtlError)) throw cause;
    const errors = cause.details["errors"] as readonly ShapeError[];
    const [first] = errors;
    const setting = first?.path.join(".") ?? "";
    // The value of a setting that may be a secret is not repeated.
    const words = first === undefined ? cause.message : messageWithoutSecret(first);
    throw new QmtlError("CONFIG_INVALID", `${setting} in ${what} ${words}`, { details: { setting } });
  }
}

function messageWithoutSecret({ path, message }: ShapeError): string {
  let schema: SettingSchema | undefined = Config as SettingSchema;
  for (const key of path) schema = schema?.properties?.[key];
  return schema?.secret === true ? message.replace(/; found [^]*$/, "") : message;
}

function wrapSecrets(schema: SettingSchema, value: unknown, path: string, sources: SecretSources): unknown {
  if (schema.secret === true) return typeof value === "string" ? resolveSecret(value, path, sources) : null;
  if (schema.properties === undefined) return value;
  return Object.fromEntries(
    Object.entries(schema.properties).map(([key, part]) => [
      key,
      wrapSecrets(part, (value as Mapping)[key], joined(path, key), sources),
    ]),
  );
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
