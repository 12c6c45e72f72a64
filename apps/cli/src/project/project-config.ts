import { nearestWord, QmtlError, shown } from "@qmtl/core";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

/** What `qmtl.yml` says. */
export interface ProjectConfig {
  readonly project: {
    /** `strategy.ts` or `strategy.ts:ClassName`, relative to the file's folder. */
    readonly defaultStrategy: string | undefined;
  };
}

const fileName = "qmtl.yml";

/**
 * Names of what the whole file may hold. A backtest needs no more of the services' settings than that they are theirs:
 * their schema is not loaded for it. A test compares the two.
 */
export const sectionNames: readonly string[] = [
  "gateway",
  "dagmanager",
  "worldservice",
  "connectors",
  "telemetry",
  "auth",
  "test",
  "project",
];
export const projectKeys: readonly string[] = ["default_strategy", "state_path"];

/**
 * Reads `qmtl.yml` of a folder; without the file everything has its default.
 *
 * @throws QmtlError `CONFIG_INVALID` for text that is no YAML, an unknown key or a value of another kind
 */
export async function readProjectConfig(folder: string): Promise<ProjectConfig> {
  const document = await parsedDocument(join(folder, fileName));
  const { project } = recordOf(document, fileName, sectionNames);
  const { default_strategy: strategy } = recordOf(project, `"project" in ${fileName}`, projectKeys);
  if (strategy !== undefined && strategy !== null && typeof strategy !== "string") {
    throw new QmtlError("CONFIG_INVALID", `project.default_strategy must be a file name; found ${shown(strategy)}`);
  }
  return { project: { defaultStrategy: strategy ?? undefined } };
}

async function parsedDocument(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return parse(text) as unknown;
  } catch (cause) {
    const [reason = ""] = (cause as Error).message.split("\n", 1);
    throw new QmtlError("CONFIG_INVALID", `${fileName} is no YAML: ${reason.replace(/:$/, "")}`, { cause });
  }
}

function recordOf(value: unknown, what: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new QmtlError("CONFIG_INVALID", `${what} must hold keys and values; found ${shown(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const guess = nearestWord(key, known);
    throw new QmtlError("CONFIG_INVALID", `${what} has the unknown key "${key}"; known: ${known.join(", ")}`, {
      ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
    });
  }
  return value as Readonly<Record<string, unknown>>;
}
