import { formatInstant, QmtlError, type Clock } from "@qmtl/core";
import type { HttpServer } from "@qmtl/service/http";
import type { WorldServices } from "../domain/world-services.ts";
import { addDecisions } from "./decisions-and-activation.ts";
import { addEvaluations } from "./evaluation-and-apply.ts";
import { addOrders } from "./orders-and-audit.ts";
import { addRegistries } from "./registries.ts";
import { routesOf } from "./route.ts";
import { addWorlds } from "./worlds-and-policies.ts";

/** Every route of the WorldService, with who may call it. */
export function addWorldRoutes(server: HttpServer, services: WorldServices, clock: Clock): void {
  const route = routesOf(server);
  route("GET", "/health", { role: "public", summary: "whether the service works" }, async () => {
    const owner = await services.store.isOwner();
    if (!owner) throw new QmtlError("SERVICE_OVERLOADED", "another WorldService has taken over this database");
    return { status: "ok", service: "worldservice", time: formatInstant(clock.nowMs()) };
  });

  addWorlds(route, services);
  addDecisions(route, services, clock);
  addEvaluations(route, services);
  addOrders(route, services);
  addRegistries(route, services);
}
