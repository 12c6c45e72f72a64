import type { Clock } from "@qmtl/core";
import type { Logger } from "@qmtl/service/logging";
import type { WorldStore } from "../store/world-store.ts";
import { Activations } from "./activations.ts";
import { Allocations } from "./allocations.ts";
import { Applies } from "./applies.ts";
import { Evaluations } from "./evaluations.ts";
import { NodeRegistry } from "./node-registry.ts";
import { Policies } from "./policies.ts";
import type { WorldMetrics } from "./world-metrics.ts";
import { WorldProtocolService } from "./world-protocol-service.ts";
import { Worlds } from "./worlds.ts";

/** What the WorldService does, without a socket. */
export interface WorldServices {
  readonly store: WorldStore;
  readonly metrics: WorldMetrics;
  readonly protocol: WorldProtocolService;
  readonly worlds: Worlds;
  readonly policies: Policies;
  readonly activations: Activations;
  readonly evaluations: Evaluations;
  readonly applies: Applies;
  readonly nodes: NodeRegistry;
  readonly allocations: Allocations;
}

export function worldServices(options: {
  readonly store: WorldStore;
  readonly metrics: WorldMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}): WorldServices {
  const { store, metrics, clock } = options;
  const protocol = new WorldProtocolService(options);
  const policies = new Policies(store);
  const evaluations = new Evaluations(store, policies, clock);
  return {
    store,
    metrics,
    protocol,
    worlds: new Worlds(store, protocol, clock),
    policies,
    activations: new Activations(store, protocol),
    evaluations,
    applies: new Applies(store, protocol, evaluations, policies, clock),
    nodes: new NodeRegistry(store),
    allocations: new Allocations(store, clock, metrics),
  };
}
