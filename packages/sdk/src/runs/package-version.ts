import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let version: string | undefined;

/** Version of the product that is running: of the nearest package.json above this code that is named `qmtl`. */
export function packageVersion(): string {
  if (version !== undefined) return version;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) {
      const found = JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string };
      if (found.name === "qmtl") return (version = found.version ?? "0.0.0");
    }
    if (dirname(folder) === folder) return (version = "0.0.0");
  }
}
