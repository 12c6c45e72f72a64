import { dagManagerRedoDiff } from "../commands/dag-manager.ts";
import { dagManagerAt } from "./dag-manager-client.ts";
import { readText } from "./read-text.ts";

export const command = dagManagerRedoDiff(async ({ sentinel, file, target }) => {
  const dagJson = await readText(file);
  const { queueMap, sentinelId, version } = await (await dagManagerAt(target)).redoDiff(sentinel, dagJson);
  const json = { queue_map: queueMap, sentinel_id: sentinelId, version };
  return { exitCode: 0, json, text: () => JSON.stringify(json, null, 2) };
});
