import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { QmtlError, shown } from "@qmtl/core";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether short time budgets are asked for, as the services are asked: by `QMTL__TEST__TEST_MODE` or `QMTL_TEST_MODE`, else
 * by `test.test_mode` of the `qmtl.yml` that the services would read in this folder.
 *
 * @throws QmtlError `CONFIG_INVALID` for a file that is no YAML, or a value that is neither true nor false
 */
export async function testModeAsked(
  folder: string = process.cwd(),
  environment: Environment = process.env,
): Promise<boolean> {
  const word = [environment["QMTL__TEST__TEST_MODE"], environment["QMTL_TEST_MODE"]].find((text) => text);
  if (word !== undefined) return /^(1|true|yes|on|enabled?)$/i.test(word);
  const named = environment["QMTL_CONFIG_FILE"];
  for (const name of named ? [named] : ["qmtl.yml", "qmtl.yaml", "qmtl.json"]) {
    const text = await textOf(resolve(folder, name));
    if (text !== undefined) return testModeIn(text, name);
  }
  return false;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function testModeIn(text: string, name: string): Promise<boolean> {
  // A folder without a file, which is what most runs have, needs no parser.
  const { parse } = await import("./parse-yaml.ts");
  let document: { readonly test?: { readonly test_mode?: unknown } | null } | null;
  try {
    document = parse(text) as typeof document; // JSON is YAML too
  } catch (cause) {
    const [reason = ""] = (cause as Error).message.split("\n", 1);
    throw new QmtlError("CONFIG_INVALID", `${name} is no YAML: ${reason.replace(/:$/, "")}`, { cause });
  }
  const mode = document?.test?.test_mode ?? false;
  if (typeof mode === "boolean") return mode;
  throw new QmtlError("CONFIG_INVALID", `test.test_mode in ${name} must be true or false; found ${shown(mode)}`);
}
