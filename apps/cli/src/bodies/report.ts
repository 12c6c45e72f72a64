import { existsSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { report } from "../commands/results.ts";

const fileNames = { html: "report.html", markdown: "report.md", json: "report.json" } as const;

/** A run has its reports beside it; one that is gone is made again by running the run again. */
export const command = report(async ({ run, format, out }, { signal }) => {
  const { readRun, reproduceRun } = await import("@qmtl/sdk/runs");
  const stored = await readRun(run);
  const kept = join(stored.folder, fileNames[format]);
  const file = out === undefined ? kept : resolve(out);
  const isKept = existsSync(kept);
  if (!isKept) {
    const { renderReport } = await import("@qmtl/sdk/report");
    const { result } = await reproduceRun(stored, signal);
    await writeFile(file, renderReport(result, { format }));
  } else if (file !== kept) await copyFile(kept, file);
  return {
    exitCode: 0,
    json: { runId: stored.manifest.runId, format, report: file, rendered: !isKept },
    text: () => file,
  };
});
