import { dagManagerDiff } from "../commands/dag-manager.ts";
import { dagManagerAt, scopeOf } from "./dag-manager-client.ts";
import { readText } from "./read-text.ts";

export const command = dagManagerDiff(async ({ file, strategyId, dryRun, target, ...context }) => {
  const subject = { strategyId, dagJson: await readText(file), ...scopeOf(context) };
  const { queueMap, sentinelId, version } =
    dryRun && target === undefined
      ? (await import("@qmtl/dag-manager/client")).diffAlone(subject)
      : await (await dagManagerAt(target)).diff(subject, { dryRun });
  return {
    exitCode: 0,
    json: { queue_map: queueMap, sentinel_id: sentinelId, version },
    text: () => JSON.stringify(queueMap, null, 2),
  };
});
