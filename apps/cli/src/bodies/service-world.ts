import { serviceWorld } from "../commands/service.ts";

export const command = serviceWorld(async ({ config }, context) => {
  const [{ runServices }, { startWorld }] = await Promise.all([
    import("../services/run-services.ts"),
    import("../services/start-world.ts"),
  ]);
  return runServices(config, context, async (foundation) => ({ WorldService: (await startWorld(foundation)).url }));
});
