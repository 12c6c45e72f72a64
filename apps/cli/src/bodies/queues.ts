import { queues } from "../commands/dag-manager.ts";
import { dagManagerAt, scopeOf } from "./dag-manager-client.ts";

export const command = queues(async ({ tags, intervalSeconds, matchMode, target, ...context }) => {
  const found = await (await dagManagerAt(target)).queuesByTag(tags, intervalSeconds, matchMode, scopeOf(context));
  return {
    exitCode: 0,
    json: { queues: found.map((queue) => ({ queue, global: false })) },
    text: () => (found.length === 0 ? "no queue carries these tags at this interval" : found.join("\n")),
  };
});
