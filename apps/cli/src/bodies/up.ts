import { up } from "../commands/service.ts";

export const command = up(async ({ config }, context) => {
  const [{ runServices, startDagManager, startGateway, startWorld }, { isGiven }] = await Promise.all([
    import("../services/index.ts"),
    import("../configuration/unsupported.ts"),
  ]);
  return runServices(config, context, async (foundation) => {
    const { note } = context;
    for (const setting of elsewhere) {
      if (isGiven(foundation.config, setting)) note(`${setting} is not asked: qmtl up brings its own`);
    }
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

/** Settings of a configuration that is shared with services which run alone. */
const elsewhere = ["gateway.dagmanager_url", "gateway.worldservice_url"];
