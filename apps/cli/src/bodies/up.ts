import { up } from "../commands/service.ts";

export const command = up(async ({ config }, context) => {
  const { runServices, startDagManager, startGateway, startWorld } = await import("../services/index.ts");
  return runServices(config, context, async (foundation) => {
    const { grpc, http, local: dagManager } = await startDagManager(foundation);
    const world = await startWorld(foundation);
    const addresses = { dagManagerUrl: `http://${grpc}`, worldServiceUrl: world };
    const gateway = await startGateway(foundation, { ...addresses, dagManager });
    return {
      Gateway: gateway,
      "API page": `${gateway}/docs`,
      WorldService: world,
      "DAG Manager": http,
      "DAG Manager (gRPC)": grpc,
    };
  });
});
