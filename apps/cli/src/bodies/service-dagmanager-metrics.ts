import { serviceDagManagerMetrics } from "../commands/service.ts";

export const command = serviceDagManagerMetrics(async ({ config, port }, context) => {
  const { relayMetrics } = await import("../services/relay-metrics.ts");
  return relayMetrics(config, port, context);
});
