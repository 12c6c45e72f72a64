import { up } from "../commands/service.ts";

export const command = up(async ({ config }, context) => {
  const { runServices, startDagManager, startGateway } = await import("../services/index.ts");
  return runServices(config, context, async (foundation) => {
    const { grpc, http } = await startDagManager(foundation);
    const gateway = await startGateway(foundation, { dagManagerUrl: `http://${grpc}`, worldServiceUrl: null });
    return { Gateway: gateway, "API page": `${gateway}/docs`, "DAG Manager": http, "DAG Manager (gRPC)": grpc };
  });
});
