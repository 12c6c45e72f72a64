import { QmtlError } from "@qmtl/core";
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { completeConfig } from "./complete.ts";
import { settingsFromEnvironment, type Environment } from "./environment.ts";
import { readDocument } from "./read-document.ts";
import type { Config } from "./schema.ts";

export interface LoadConfigOptions {
  /** `--config`. */
  readonly path?: string | undefined;
  /** The folder to look in, and relative paths are of. */
  readonly folder: string;
  readonly environment: Environment;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly source: ConfigSource;
  /** Absolute folder that relative paths of the configuration are of: the file's, or the one looked in. */
  readonly folder: string;
  /** Lines for whoever starts the service. */
  readonly warnings: readonly string[];
  /** Names of the environment variables that set something. */
  readonly variables: readonly string[];
}

export interface ConfigSource {
  readonly kind: "option" | "environment" | "folder" | "defaults";
  readonly path: string | undefined;
}

const fileNames = ["qmtl.yml", "qmtl.yaml", "qmtl.json"];

/**
 * The configuration: the file that `--config` names, else `QMTL_CONFIG_FILE`, else `qmtl.yml` (`.yaml`, `.json`) of the
 * folder, else defaults; and over it what `QMTL__SECTION__KEY` variables say.
 *
 * @throws QmtlError `FILE_NOT_FOUND` for a `--config` that is not there, `FILE_UNREADABLE`, `CONFIG_INVALID`
 */
export function loadConfig({ path, folder, environment }: LoadConfigOptions): LoadedConfig {
  const warnings: string[] = [];
  const warn = (line: string): void => void warnings.push(line);
  const found = findFile(path, folder, environment, warn);
  const what = found === undefined ? "the built-in defaults" : found.name;
  const document = found === undefined ? {} : (readDocument(found.text, what, formatOf(found.path)) ?? {});
  const overrides = settingsFromEnvironment(environment);
  const base = found === undefined ? folder : dirname(found.path);
  const readFile = (name: string): string => readFileSync(isAbsolute(name) ? name : join(base, name), "utf8");
  // The file is checked by itself first, so that a message about it does not speak of what a variable said.
  completeConfig(document, what, { environment, readFile }, warn);
  const merged = overrides.reduce<unknown>(
    (before, { setting, value }) => withValue(before, setting.path, value),
    document,
  );
  return {
    config: completeConfig(
      merged,
      overrides.length === 0 ? what : `${what} and the environment`,
      { environment, readFile },
      () => {},
    ),
    source: found?.source ?? { kind: "defaults", path: undefined },
    folder: resolve(base),
    warnings,
    variables: overrides.map(({ variable }) => variable),
  };
}

interface FoundFile {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly source: ConfigSource;
}

function findFile(
  path: string | undefined,
  folder: string,
  environment: Environment,
  warn: (line: string) => void,
): FoundFile | undefined {
  if (path !== undefined) return read(path, folder, "option");
  const named = environment["QMTL_CONFIG_FILE"];
  if (named !== undefined && named !== "") {
    try {
      return read(named, folder, "environment");
    } catch (error) {
      if (!(error instanceof QmtlError) || error.code !== "FILE_NOT_FOUND") throw error;
      warn(`QMTL_CONFIG_FILE names ${named}, which is not there; built-in defaults are used`);
      return undefined;
    }
  }
  for (const name of fileNames) {
    try {
      return read(name, folder, "folder");
    } catch (error) {
      if (!(error instanceof QmtlError) || error.code !== "FILE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

function read(name: string, folder: string, kind: ConfigSource["kind"]): FoundFile {
  const path = resolve(folder, name);
  try {
    return { path, name, text: readFileSync(path, "utf8"), source: { kind, path } };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new QmtlError("FILE_NOT_FOUND", `there is no configuration file ${name}`, {
        cause,
        hint: "write one with qmtl config generate",
      });
    }
    throw new QmtlError("FILE_UNREADABLE", `the configuration file ${name} cannot be read: ${code ?? "unknown"}`, {
      cause,
    });
  }
}

function formatOf(path: string): "yaml" | "json" {
  return path.endsWith(".json") ? "json" : "yaml";
}

function withValue(document: unknown, [key = "", ...rest]: readonly string[], value: unknown): unknown {
  const mapping = (document ?? {}) as Readonly<Record<string, unknown>>;
  return { ...mapping, [key]: rest.length === 0 ? value : withValue(mapping[key], rest, value) };
}
