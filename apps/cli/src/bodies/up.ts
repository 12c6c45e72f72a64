import { up } from "../commands/service.ts";

export const command = up(async ({ config }, context) => {
  const { runServices, startDagManager, startGateway, startWorld } = await import("../services/index.ts");
  return runServices(config, context, async (foundation) => {
    const { grpc, http, local: dagManager } = await startDagManager(foundation);
    const { url: worldServiceUrl, local: world } = await startWorld(foundation);
    const addresses = { dagManagerUrl: `http://${grpc}`, worldServiceUrl };
    const gateway = await startGateway(foundation, { ...addresses, dagManager, world });
    return {
      Gateway: gateway,
      "API page": `${gateway}/docs`,
      WorldService: worldServiceUrl,
      "DAG Manager": http,
      "DAG Manager (gRPC)": grpc,
    };
  });
});
