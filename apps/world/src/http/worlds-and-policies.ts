import { PolicyAdd, PolicyChoice, Strategies, WorldCreate, WorldUpdate } from "@qmtl/contracts/worlds";
import { formatInstant } from "@qmtl/core";
import { allows } from "@qmtl/service/auth";
import { worldEtag } from "../domain/preconditions.ts";
import type { WorldServices } from "../domain/world-services.ts";
import type { WorldState } from "../store/world-state.ts";
import { askedOf, headerOf } from "./asked.ts";
import { conditional, quoted, wholeNumber, type AddRoute } from "./route.ts";

/** Worlds, their policies, and the strategies bound to them. */
export function addWorlds(route: AddRoute, { worlds, policies, protocol, store }: WorldServices): void {
  route(
    "POST",
    "/worlds",
    { role: "owner", everywhere: true, body: WorldCreate, summary: "create a world" },
    async ({ request, reply, body }) => {
      const world = await worlds.create(askedOf(request, "create"), body);
      return reply
        .code(201)
        .header("etag", quoted(worldEtag(world)))
        .send(worldView(world));
    },
  );
  route("GET", "/worlds", { role: "authenticated", summary: "the worlds the caller may read" }, async ({ request }) =>
    (await worlds.list()).filter(({ row }) => allows(request.principal, "reader", row.id)).map(worldView),
  );
  route("GET", "/worlds/:id", { role: "reader", summary: "a world" }, async ({ request, reply, id }) => {
    const world = await worlds.get(id);
    return conditional(request, reply, worldEtag(world), worldView(world));
  });
  route(
    "GET",
    "/worlds/:id/describe",
    { role: "reader", summary: "a world, its bindings, decision and activation" },
    async ({ id }) => {
      const world = await worlds.get(id);
      return {
        ...worldView(world),
        bindings: world.bindings,
        decisions: world.decisions,
        decision: await worlds.decide(id, undefined),
        activation: [...world.activation.values()].map(({ strategyId, side }) => ({ strategy_id: strategyId, side })),
        leases: protocol.leases(id),
      };
    },
  );
  route(
    "PUT",
    "/worlds/:id",
    { role: "owner", body: WorldUpdate, summary: "change a world" },
    async ({ request, reply, id, body }) => {
      const world = await worlds.update(id, askedOf(request, "update"), body, headerOf(request, "if-match"));
      return reply.header("etag", quoted(worldEtag(world))).send(worldView(world));
    },
  );
  route(
    "DELETE",
    "/worlds/:id",
    { role: "owner", summary: "delete a world; its audit stays" },
    async ({ request, reply, id }) => {
      await worlds.remove(id, askedOf(request, "delete"), headerOf(request, "if-match"));
      return reply.code(204).send();
    },
  );

  route(
    "POST",
    "/worlds/:id/policies",
    { role: "owner", body: PolicyAdd, summary: "add a version of the policy" },
    async ({ request, id, body }) => policies.add(id, askedOf(request, "policy"), body.policy),
  );
  route("GET", "/worlds/:id/policies", { role: "reader", summary: "versions of the policy" }, async ({ id }) =>
    policies.versions(id),
  );
  route(
    "GET",
    "/worlds/:id/policies/:version",
    { role: "reader", summary: "a version of the policy" },
    async ({ request, id }) => {
      await store.current(id);
      return policies.document(id, wholeNumber(request.params["version"], "version"));
    },
  );
  route(
    "POST",
    "/worlds/:id/set-default",
    { role: "owner", body: PolicyChoice, summary: "make a version the one that holds" },
    async ({ request, id, body }) => {
      await policies.setDefault(id, askedOf(request, "set-default"), body.version, headerOf(request, "if-match"));
      return { version: body.version };
    },
  );

  route(
    "POST",
    "/worlds/:id/bindings",
    { role: "operator", body: Strategies, summary: "bind strategies to the world" },
    async ({ request, id, body }) => ({
      strategies: await worlds.bind(id, askedOf(request, "bind"), body.strategies),
    }),
  );
  route(
    "GET",
    "/worlds/:id/bindings",
    { role: "reader", summary: "strategies bound to the world" },
    async ({ id }) => ({
      strategies: (await worlds.get(id)).bindings,
    }),
  );
}

export function worldView({ row, profile, record, mode }: WorldState): Record<string, unknown> {
  return {
    id: row.id,
    ...profile,
    state: row.state,
    allow_live: row.allow_live === 1,
    default_policy_version: row.default_policy_version,
    effective_mode_max: mode,
    phase: record.phase,
    epoch: record.epoch,
    sequence: record.sequence,
    killed: record.killed,
    run: record.run === null ? null : { run_id: record.run.runId, stage: record.run.stage, error: record.run.error },
    created_at: formatInstant(row.created_ms),
    updated_at: formatInstant(row.updated_ms),
  };
}
