import { existsSync, readFileSync } from "node:fs";

/** The version of the published package, from the nearest `package.json` above that is called `qmtl`. */
export function packageVersion(): string {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    const file = new URL("package.json", folder);
    if (existsSync(file)) {
      const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string };
      if (name === "qmtl" && version !== undefined) return version;
    }
    if (folder.pathname === new URL("..", folder).pathname) return "unknown";
  }
}
