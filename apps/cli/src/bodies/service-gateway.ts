import { serviceGateway } from "../commands/service.ts";

export const command = serviceGateway(async ({ config: path, sentinel, allowLive }, context) => {
  const [{ runServices }, { startGateway }] = await Promise.all([
    import("../services/run-services.ts"),
    import("../services/start-gateway.ts"),
  ]);
  return runServices(path, context, async (foundation) => {
    const { dagmanager_url: dagManagerUrl, worldservice_url: worldServiceUrl } = foundation.config.gateway;
    const guards = { insertSentinel: sentinel, enforceLiveGuard: !allowLive };
    return { Gateway: await startGateway(foundation, { dagManagerUrl, worldServiceUrl, ...guards }) };
  });
});
