import { ActivationRequest, DecisionsSet } from "@qmtl/contracts/worlds";
import { QmtlError, type Clock } from "@qmtl/core";
import type { ActivationEnvelope } from "../domain/activations.ts";
import { decisionTtlMs } from "../domain/decision-envelope.ts";
import type { WorldServices } from "../domain/world-services.ts";
import { hashOfRequest } from "../store/world-store.ts";
import { askedOf, headerOf } from "./asked.ts";
import { conditional, quoted, type AddRoute } from "./route.ts";

/** What a world has decided, and what each strategy may do. */
export function addDecisions(
  route: AddRoute,
  { worlds, activations, policies, applies, metrics }: WorldServices,
  clock: Clock,
): void {
  route(
    "POST",
    "/worlds/:id/decisions",
    { role: "operator", body: DecisionsSet, summary: "decide who may trade, or about one node" },
    async ({ request, id, body }) => {
      const asked = askedOf(request, "decisions");
      if ("strategies" in body) {
        return { strategies: await worlds.setDecisions(id, asked, body.strategies, headerOf(request, "if-match")) };
      }
      return { strategies: await worlds.decideNode(id, asked, body) };
    },
  );
  route("GET", "/worlds/:id/decisions", { role: "reader", summary: "who may trade" }, async ({ id }) => ({
    strategies: (await worlds.get(id)).decisions,
  }));
  route(
    "GET",
    "/worlds/:id/decide",
    { role: "reader", summary: "what the world allows, now or as of a time" },
    async ({ request, reply, id }) => {
      const startedMs = clock.monotonicMs();
      const envelope = await worlds.decide(id, request.query["as_of"]);
      metrics.decided(clock.monotonicMs() - startedMs);
      void reply.header("cache-control", `max-age=${decisionTtlMs / 1_000}`);
      return conditional(request, reply, envelope.etag, envelope);
    },
  );

  route(
    "GET",
    "/worlds/:id/activation",
    { role: "reader", summary: "what one strategy may do on one side" },
    async ({ request, reply, id }) => {
      const { strategy_id: strategyId, side } = request.query;
      if (strategyId === undefined || strategyId === "" || (side !== "long" && side !== "short")) {
        throw new QmtlError("REQUEST_INVALID", 'the query must have strategy_id and side, "long" or "short"');
      }
      const envelope = await activations.get(id, strategyId, side);
      return conditional(request, reply, shownEtag(envelope), envelope);
    },
  );
  route(
    "PUT",
    "/worlds/:id/activation",
    { role: "operator", body: ActivationRequest, summary: "write an entry of the activation" },
    async ({ request, reply, id, body }) => {
      const envelope = await activations.put(id, askedOf(request, "activation"), body, headerOf(request, "if-match"));
      return reply.header("etag", quoted(shownEtag(envelope))).send(envelope);
    },
  );
  route(
    "GET",
    "/worlds/:id/order-state",
    { role: "reader", summary: "everything an order gate opens on" },
    async ({ id }) => activations.orderState(id, (world) => applies.drains(world)),
  );
  route(
    "GET",
    "/worlds/:id/activation/state_hash",
    { role: "reader", summary: "hash of the activation" },
    async ({ id }) => {
      const { stateHash, record } = await worlds.get(id);
      return { state_hash: stateHash, sequence: record.sequence, epoch: record.epoch };
    },
  );
  route(
    "GET",
    "/worlds/:id/policy/state_hash",
    { role: "reader", summary: "hash of the policy that holds" },
    async ({ id }) => policies.stateHash(id),
  );
  route(
    "GET",
    "/worlds/:id/:topic/state_hash",
    { role: "reader", summary: "hash of what a topic is about" },
    async ({ request }) => {
      throw new QmtlError(
        "SCHEMA_INVALID",
        `unsupported topic "${request.params["topic"]}"; known are activation and policy`,
        {
          details: { code: "E_TOPIC" },
        },
      );
    },
  );
}

/** The entry's etag, for writes, and behind it what the world makes of the entry, which changes without it. */
function shownEtag(envelope: ActivationEnvelope): string {
  return `${envelope.etag}+${hashOfRequest(envelope).slice("blake3:".length, "blake3:".length + 12)}`;
}
