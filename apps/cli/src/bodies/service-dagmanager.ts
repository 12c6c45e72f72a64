import { serviceDagManager } from "../commands/service.ts";

export const command = serviceDagManager(async ({ config }, context) => {
  const { runServices, startDagManager } = await import("../services/index.ts");
  return runServices(config, context, async (foundation) => {
    const { grpc, http } = await startDagManager(foundation);
    return { "DAG Manager (gRPC)": grpc, "DAG Manager": http };
  });
});
