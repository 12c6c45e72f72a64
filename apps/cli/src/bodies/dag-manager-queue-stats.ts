import { dagManagerQueueStats } from "../commands/dag-manager.ts";
import { dagManagerAt } from "./dag-manager-client.ts";

export const command = dagManagerQueueStats(async ({ tag, interval, target }) => {
  const filter = [tag === "" ? "" : `tag=${tag}`, interval === undefined ? "" : `interval=${interval}`];
  const sizes = await (await dagManagerAt(target)).queueStats(filter.filter((part) => part !== "").join(";"));
  return { exitCode: 0, json: { sizes }, text: () => JSON.stringify(sizes, null, 2) };
});
