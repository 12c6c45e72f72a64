import { reproduce } from "../commands/results.ts";
import { renderTable } from "../shell/index.ts";

export const command = reproduce(async ({ run }, { signal, palette }) => {
  const { readRun, reproduceRun } = await import("@qmtl/sdk/runs");
  const stored = await readRun(run);
  const { runId, result } = stored.manifest;
  const { identical, changedInputs, changedParts, manifest } = await reproduceRun(stored, signal);
  return {
    exitCode: identical ? 0 : 1,
    json: { runId, identical, recorded: result.hash, found: manifest.result.hash, changedInputs, changedParts },
    text: async () => {
      if (identical && changedInputs.length === 0) return `${runId}: the same bytes, ${result.hash}`;
      const verdict = identical
        ? `${runId}: the same bytes, ${result.hash}, although inputs changed`
        : `${runId}: differs in ${changedParts.map(({ what }) => what).join(", ")}`;
      const changes = changedInputs.length > 0 ? changedInputs : changedParts;
      const columns = [{ title: "changed" }, { title: "recorded" }, { title: "found" }];
      const rows = changes.map(({ what, recorded, found }) => [what, shortened(recorded), shortened(found)]);
      return `${verdict}\n\n${await renderTable(columns, rows, palette)}`;
    },
  };
});

/** Digests are told apart by their beginning. */
function shortened(text: string): string {
  return /^(blake3|sha256):/.test(text) || text.length > 40 ? `${text.slice(0, 19)}…` : text;
}
