import { QmtlError } from "@qmtl/core/errors";
import { GatewayClient } from "@qmtl/sdk/gateway-client";
import { queues, type QueuesRequest } from "../commands/dag-manager.ts";
import { dagManagerAt, scopeOf } from "./dag-manager-client.ts";

export const command = queues(async (request) => {
  const found = await queuesFor(request);
  return {
    exitCode: 0,
    json: { queues: found.map((queue) => ({ queue, global: false })) },
    text: () => (found.length === 0 ? "no queue carries these tags at this interval" : found.join("\n")),
  };
});

/** The DAG Manager of this machine is asked itself, one behind a Gateway through that. */
async function queuesFor({ target, gatewayUrl, ...request }: QueuesRequest): Promise<readonly string[]> {
  const { tags, intervalSeconds, matchMode, worldId, executionDomain, asOf } = request;
  const url = gatewayUrl ?? (process.env["QMTL_GATEWAY_URL"] || undefined);
  if (target !== undefined || url === undefined) {
    return (await dagManagerAt(target)).queuesByTag(tags, intervalSeconds, matchMode, scopeOf(request));
  }
  if (asOf !== undefined) {
    throw new QmtlError("USAGE", "a Gateway does not look for queues of an --as-of", {
      hint: "ask the DAG Manager: --target HOST:PORT",
    });
  }
  const token = process.env["QMTL_TOKEN"];
  const client = new GatewayClient({ url, timeoutMs: 10_000, ...(token !== undefined && token !== "" && { token }) });
  const scope = {
    ...(worldId !== undefined && { worldId }),
    ...(executionDomain !== undefined && { executionDomain }),
  };
  return (await client.queuesByTag({ tags, intervalSeconds, matchMode, ...scope })).map(({ queue }) => queue);
}
