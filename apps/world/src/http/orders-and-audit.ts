import { OrderAck, OrderLeaseRequest } from "@qmtl/contracts/leases";
import { WithReason } from "@qmtl/contracts/worlds";
import { formatInstant } from "@qmtl/core";
import { readAudit, verifyAudit } from "@qmtl/store";
import type { WorldServices } from "../domain/world-services.ts";
import { askedOf } from "./asked.ts";
import { wholeNumber, type AddRoute } from "./route.ts";
import { worldView } from "./worlds-and-policies.ts";

/** The right to send orders, the kill switch, and who did what. */
export function addOrders(route: AddRoute, { protocol, store }: WorldServices): void {
  route(
    "POST",
    "/worlds/:id/lease",
    { role: "operator", body: OrderLeaseRequest, reserved: true, summary: "ask for the right to send orders" },
    async ({ id, body }) => {
      const {
        holder,
        incarnation,
        strategy_id: strategyId,
        seen_epoch: seenEpoch,
        closed_epoch: closedEpoch = 0,
      } = body;
      const answer = await protocol.lease(id, { holder, incarnation, strategyId, seenEpoch, closedEpoch });
      return {
        granted: answer.granted,
        ...(answer.refusal === undefined ? {} : { reason: answer.refusal }),
        epoch: answer.epoch,
        phase: answer.phase,
        effective_mode: answer.mode,
        sequence: answer.sequence,
        state_hash: answer.stateHash,
        ttl_ms: answer.ttlMs,
        decision_expires_in_ms: answer.decisionExpiresInMs,
        high_water: answer.sequence,
      };
    },
  );
  route(
    "POST",
    "/worlds/:id/acks",
    { role: "operator", body: OrderAck, reserved: true, summary: "say that a gate is closed" },
    async ({ reply, id, body }) => {
      const { holder, incarnation, closed_epoch: closedEpoch } = body;
      await protocol.acknowledge(id, { holder, incarnation, closedEpoch });
      return reply.code(204).send();
    },
  );
  route(
    "POST",
    "/worlds/:id/kill",
    { role: "operator", body: WithReason, reserved: true, summary: "stop all orders of the world" },
    async ({ request, id, body }) => worldView(await protocol.kill(id, askedOf(request, "kill"), body.reason)),
  );
  route(
    "POST",
    "/worlds/:id/revive",
    { role: "operator", body: WithReason, summary: "let a killed world trade again" },
    async ({ request, id, body }) => worldView(await protocol.revive(id, askedOf(request, "revive"), body.reason)),
  );

  route(
    "GET",
    "/worlds/:id/audit",
    { role: "reader", summary: "who did what, oldest first" },
    async ({ request, id }) => {
      const { after = "0", limit = "1000" } = request.query;
      const page = { afterSequence: wholeNumber(after, "after"), limit: Math.min(wholeNumber(limit, "limit"), 10_000) };
      return (await readAudit(store.database, id, page)).map((row) => ({
        sequence: row.sequence,
        ts: formatInstant(row.atMs),
        event: row.action,
        outcome: row.outcome,
        actor: row.actor,
        correlation_id: row.correlationId,
        request_hash: row.requestHash,
        before_hash: row.beforeHash ?? null,
        after_hash: row.afterHash ?? null,
        hash: row.hash,
        details: row.details,
      }));
    },
  );
  route(
    "GET",
    "/worlds/:id/audit/verify",
    { role: "reader", summary: "whether the audit is as it was written" },
    async ({ id }) => {
      const verdict = await verifyAudit(store.database, id);
      // A name that was never given to a world is no proof of anything. A deleted world keeps its audit.
      if (verdict.kind === "intact" && verdict.rows === 0) await store.current(id);
      return verdict.kind === "intact"
        ? { intact: true, rows: verdict.rows, head_hash: verdict.headHash }
        : { intact: false, sequence: verdict.sequence, reason: verdict.reason };
    },
  );
}
