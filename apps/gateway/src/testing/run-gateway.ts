import { openEmbeddedControlBus, openEmbeddedQueues } from "@qmtl/bus";
import { seededRandom, type Clock } from "@qmtl/core";
import { Authenticator, LocalKeySet } from "@qmtl/service/auth";
import { systemClock, systemIds } from "@qmtl/service/edge";
import { silentLogger } from "@qmtl/service/logging";
import { createMetrics } from "@qmtl/service/metrics";
import { createGateway, type Gateway, type GatewayDeps } from "../create-gateway.ts";
import { openGatewayDatabase } from "../store/tables.ts";

export interface RunningGateway extends Gateway {
  readonly deps: GatewayDeps;
  /** Stops it and everything it was given. */
  end(): Promise<void>;
}

/** A Gateway on memory, started; loopback callers are its operator unless `loopback` says otherwise. */
export async function runGateway(
  part: Partial<GatewayDeps> & {
    readonly loopback?: boolean;
    readonly path?: string;
    readonly withoutBus?: boolean;
  } = {},
): Promise<RunningGateway> {
  const { loopback = true, path = ":memory:", withoutBus = false, ...given } = part;
  const clock: Clock = given.clock ?? systemClock;
  const database = await openGatewayDatabase({ path, clock });
  const queues = await openEmbeddedQueues({ path: ":memory:", clock, ids: systemIds });
  const deps: GatewayDeps = {
    database,
    ...(!withoutBus && { bus: await openEmbeddedControlBus({ path: ":memory:", clock, ids: systemIds }) }),
    dataLog: queues.dataLog,
    leases: queues.leases,
    auth: new Authenticator({ clock, ids: systemIds, keys: await LocalKeySet.inMemory(), loopback }),
    clock,
    ids: systemIds,
    random: seededRandom(1),
    logger: silentLogger,
    metrics: createMetrics("gateway"),
    ...given,
  };
  const gateway = await createGateway(deps);
  await gateway.start();
  return {
    ...gateway,
    deps,
    end: async () => {
      await gateway.stop();
      await deps.bus?.close();
      await queues.close();
      await database.destroy();
    },
  };
}
