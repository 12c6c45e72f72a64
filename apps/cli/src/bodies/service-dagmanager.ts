import { serviceDagManager } from "../commands/service.ts";

export const command = serviceDagManager(async ({ config }, context) => {
  const [{ runServices }, { startDagManager }] = await Promise.all([
    import("../services/run-services.ts"),
    import("../services/start-dag-manager.ts"),
  ]);
  return runServices(config, context, async (foundation) => {
    const { grpc, http } = await startDagManager(foundation);
    return { "DAG Manager (gRPC)": grpc, "DAG Manager": http };
  });
});
