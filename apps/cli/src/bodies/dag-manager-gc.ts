import { dagManagerGc } from "../commands/dag-manager.ts";
import { dagManagerAt } from "./dag-manager-client.ts";

export const command = dagManagerGc(async ({ sentinel, target }) => {
  await (await dagManagerAt(target)).cleanup(sentinel);
  return { exitCode: 0, json: { sentinel }, text: () => `queues of ${sentinel} were looked at` };
});
