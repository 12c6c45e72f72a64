import { nearestWord, QmtlError } from "@qmtl/core";
import { Config } from "./schema.ts";
import { Secret } from "./secret.ts";
import type { SettingSchema } from "./setting.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting of the configuration: its place, its name in the environment, what it takes. */
export interface Setting {
  readonly path: readonly string[];
  readonly schema: SettingSchema;
}

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = settingsOf(Config as SettingSchema, []);

function settingsOf(schema: SettingSchema, path: readonly string[]): Setting[] {
  if (schema.properties === undefined) return [{ path, schema }];
  return Object.entries(schema.properties).flatMap(([key, part]) => settingsOf(part, [...path, key]));
}

/** `gateway.port` → `QMTL__GATEWAY__PORT`. */
export function variableOf({ path }: Setting): string {
  return ["QMTL", ...path].join("__").toUpperCase();
}

/** Single variables that are older than the general rule, and what they set. */
const olderVariables: Readonly<Record<string, string>> = {
  QMTL_OTEL_EXPORTER_ENDPOINT: "QMTL__TELEMETRY__OTEL_EXPORTER_ENDPOINT",
  QMTL_WS_RATE_LIMIT: "QMTL__GATEWAY__WEBSOCKET__RATE_LIMIT_PER_SEC",
  QMTL_ENABLE_TOPIC_NAMESPACE: "QMTL__DAGMANAGER__ENABLE_TOPIC_NAMESPACE",
  QMTL_FILL_SECRET: "QMTL__GATEWAY__FILL_SECRET",
  QMTL_WORLDSERVICE_DB_DSN: "QMTL__WORLDSERVICE__DSN",
  QMTL_WORLDSERVICE_REDIS_DSN: "QMTL__WORLDSERVICE__REDIS",
  QMTL_TEST_MODE: "QMTL__TEST__TEST_MODE",
};

/**
 * The settings that environment variables make, as paths and values.
 *
 * @throws QmtlError `CONFIG_INVALID` for a variable that begins like a setting and is none
 */
export function settingsFromEnvironment(
  environment: Environment,
): { setting: Setting; variable: string; value: unknown }[] {
  const known = new Map(settings.map((setting) => [variableOf(setting), setting]));
  return Object.keys(environment)
    .filter((name) => name.startsWith("QMTL__") || Object.hasOwn(olderVariables, name))
    .filter((name) => environment[name] !== undefined && environment[name] !== "")
    .flatMap((name) => {
      const canonical = Object.hasOwn(olderVariables, name) ? olderVariables[name]! : name;
      // The general name is the newer one: where both are set it decides.
      if (canonical !== name && environment[canonical] !== undefined) return [];
      const setting = known.get(canonical.toUpperCase());
      if (setting === undefined) throw unknownVariable(name, known.keys());
      return [{ setting, variable: name, value: valueFromText(environment[name]!, setting, name) }];
    });
}

/** What a setting's value is as the value of its variable. */
export function textOfValue(value: unknown): string {
  if (value instanceof Secret) return value.reference ?? value.reveal();
  return typeof value === "string" ? value : JSON.stringify(value);
}

const offWords = ["0", "false", "no", "off", "disable", "disabled"];
const onWords = ["1", "true", "yes", "on", "enable", "enabled"];

function valueFromText(text: string, { schema }: Setting, name: string): unknown {
  const kinds = new Set((schema.anyOf ?? [schema]).map(({ type }) => type));
  if (kinds.has("null") && (text === "null" || text === "")) return null;
  if (kinds.has("boolean")) {
    const word = text.toLowerCase();
    if (onWords.includes(word)) return true;
    if (offWords.includes(word)) return false;
    throw new QmtlError("CONFIG_INVALID", `${name} must be true or false; found "${text.slice(0, 40)}"`);
  }
  if (kinds.has("integer") || kinds.has("number")) {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value)) return value;
    throw new QmtlError("CONFIG_INVALID", `${name} must be a number; found "${text.slice(0, 40)}"`);
  }
  if (kinds.has("array")) return listFromText(text, name);
  return text;
}

/** `a,b` or `["a","b"]`. */
function listFromText(text: string, name: string): unknown {
  if (!text.trimStart().startsWith("[")) {
    return text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new QmtlError("CONFIG_INVALID", `${name} must be a list: a,b or ["a","b"]`, { cause });
  }
}

function unknownVariable(name: string, known: Iterable<string>): QmtlError {
  const guess = nearestWord(name, known);
  return new QmtlError("CONFIG_INVALID", `the environment variable ${name} names no setting`, {
    hint: guess === undefined ? "see qmtl config env export" : `did you mean ${guess}?`,
  });
}
