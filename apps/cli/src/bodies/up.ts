import type { Config } from "@qmtl/service/config";
import { up } from "../commands/service.ts";

export const command = up(async ({ config }, context) => {
  const { runServices, startDagManager, startGateway, startWorld } = await import("../services/index.ts");
  return runServices(config, context, async (foundation) => {
    const { note } = context;
    elsewhere(foundation.config).forEach((setting) => note(`${setting} is not asked: qmtl up brings its own`));
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

/** Services that a configuration shared with single processes names. */
function elsewhere({ gateway }: Config): string[] {
  return [
    ...(gateway.dagmanager_url === defaultDagManagerUrl ? [] : ["gateway.dagmanager_url"]),
    ...(gateway.worldservice_url === null ? [] : ["gateway.worldservice_url"]),
  ];
}

const defaultDagManagerUrl = "http://127.0.0.1:50051";
