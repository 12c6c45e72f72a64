import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for the files of one bench, removed when its process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "qmtl-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
