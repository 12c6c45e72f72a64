import { up } from "../commands/service.ts";

export const command = up(async ({ config }, context) => {
  const { runServices, startDagManager, startGateway, startWorld } = await import("../services/index.ts");
  return runServices(config, context, async (foundation) => {
    const { grpc, http } = await startDagManager(foundation);
    const world = await startWorld(foundation);
    const gateway = await startGateway(foundation, { dagManagerUrl: `http://${grpc}`, worldServiceUrl: world });
    return {
      Gateway: gateway,
      "API page": `${gateway}/docs`,
      WorldService: world,
      "DAG Manager": http,
      "DAG Manager (gRPC)": grpc,
    };
  });
});
