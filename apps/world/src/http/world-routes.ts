import { checkOrderAck, OrderAck, OrderLeaseRequest } from "@qmtl/contracts/leases";
import {
  ActivationRequest,
  AllocationRequest,
  ApplyRequest,
  DecisionsSet,
  EdgeOverridePut,
  EvaluateRequest,
  PolicyAdd,
  PolicyChoice,
  PolicyReplayRequest,
  Strategies,
  Unfreeze,
  ValidationContext,
  ValidationPut,
  WithReason,
  WorldCreate,
  WorldNodePut,
  WorldUpdate,
} from "@qmtl/contracts/worlds";
import { formatInstant, parseInstant, QmtlError, type Clock } from "@qmtl/core";
import { allows, type Role } from "@qmtl/service/auth";
import type { HttpServer } from "@qmtl/service/http";
import { readAudit, verifyAudit } from "@qmtl/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import type { WorldServices } from "../domain/world-services.ts";
import { decisionTtlMs } from "../domain/decision-envelope.ts";
import type { Evaluation } from "../domain/evaluations.ts";
import { etagsOf, worldEtag } from "../domain/preconditions.ts";
import type { WorldState } from "../store/world-state.ts";
import { askedOf, headerOf } from "./asked.ts";

type Params = Readonly<Record<string, string>>;
type Query = Readonly<Record<string, string | undefined>>;
type Request = FastifyRequest<{ Params: Params; Querystring: Query }>;

interface RouteSpec<Body extends TSchema> {
  readonly role: Role | "authenticated" | "public";
  readonly body?: Body;
  readonly summary: string;
  /** Requests that only take risk away do not wait behind the others. */
  readonly reserved?: boolean;
  /** The role is needed in every world, or for a world the path does not name. */
  readonly everywhere?: boolean;
}

/** Every route of the WorldService, with who may call it. */
export function addWorldRoutes(server: HttpServer, services: WorldServices, clock: Clock): void {
  const { worlds, policies, activations, evaluations, applies, protocol, nodes, allocations, store, metrics } =
    services;

  function route<Body extends TSchema>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    url: string,
    spec: RouteSpec<Body>,
    handle: (call: {
      readonly request: Request;
      readonly reply: FastifyReply;
      readonly id: string;
      readonly body: Static<Body>;
    }) => Promise<unknown>,
  ): void {
    const { role, body, summary, reserved = false, everywhere = false } = spec;
    const world = everywhere ? ({ world: "*" } as const) : url.includes(":id") ? ({ world: "params.id" } as const) : {};
    server.route({
      method,
      url,
      config: { access: { role, ...world }, rate: reserved ? "reserved" : "default" },
      schema: { summary, ...(body === undefined ? {} : { body }) },
      handler: async (request, reply) => {
        const call = request as Request;
        const answer = await handle({
          request: call,
          reply,
          id: call.params["id"] ?? "",
          body: request.body as Static<Body>,
        });
        return reply.sent ? reply : answer;
      },
    });
  }

  route("GET", "/health", { role: "public", summary: "whether the service works" }, async () => {
    const owner = await store.isOwner();
    if (!owner) throw new QmtlError("SERVICE_OVERLOADED", "another WorldService has taken over this database");
    return { status: "ok", service: "worldservice", time: formatInstant(clock.nowMs()) };
  });

  // ---- worlds
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

  // ---- policies
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

  // ---- bindings and decisions
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

  // ---- activation
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
      // The phase is part of what is shown, and moves without the entry.
      const shown = `${envelope.etag}${envelope.phase === "ACTIVE" ? "" : `:e${envelope.epoch}`}`;
      return conditional(request, reply, shown, envelope);
    },
  );
  route(
    "PUT",
    "/worlds/:id/activation",
    { role: "operator", body: ActivationRequest, summary: "write an entry of the activation" },
    async ({ request, reply, id, body }) => {
      const envelope = await activations.put(id, askedOf(request, "activation"), body, headerOf(request, "if-match"));
      return reply.header("etag", quoted(envelope.etag)).send(envelope);
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

  // ---- evaluation and apply
  route(
    "POST",
    "/worlds/:id/evaluate",
    { role: "operator", body: EvaluateRequest, summary: "what the policy says, changing no activation" },
    async ({ request, id, body }) => evaluationView(await evaluations.evaluate(id, askedOf(request, "evaluate"), body)),
  );
  route(
    "GET",
    "/worlds/:id/explain",
    { role: "reader", summary: "why: every input, gate, score and constraint, and the rule that decided" },
    async ({ request, id }) => {
      const { record } = await store.current(id);
      const { evaluation_id: evaluationId, as_of: asOf, strategy_id: strategyId } = request.query;
      const evaluation =
        evaluationId === undefined
          ? await evaluations.latest(id, asOf === undefined ? undefined : parseInstant(asOf, "as_of"))
          : await evaluations.get(id, evaluationId);
      const decision = await worlds.decide(id, asOf);
      const { phase, killed, run } = record;
      return { decision, phase, killed, run, ...explanationView(evaluation, strategyId) };
    },
  );
  route(
    "POST",
    "/worlds/:id/replay-policy",
    { role: "reader", body: PolicyReplayRequest, summary: "what a policy would have said to recorded evaluations" },
    async ({ id, body }) => {
      await store.current(id);
      const replay = await evaluations.replay(id, body.policy, body.from, body.to);
      return {
        policy_checksum: replay.policyChecksum,
        differing: replay.differing,
        evaluations: replay.evaluations.map((one) => ({
          evaluation_id: one.evaluationId,
          decided_at: formatInstant(one.decidedAtMs),
          recorded: one.recorded,
          replayed: one.replayed,
          added: one.added,
          removed: one.removed,
          decided_by: one.decidedBy,
        })),
      };
    },
  );
  route(
    "POST",
    "/worlds/:id/apply",
    { role: "operator", body: ApplyRequest, summary: "freeze, switch, unfreeze" },
    async ({ request, id, body }) => {
      const waitMs = Math.min(wholeNumber(request.query["wait_ms"] ?? String(applyWaitMs), "wait_ms"), applyWaitMsMax);
      const { run, active } = await applies.apply(
        id,
        askedOf(request, "apply"),
        body,
        headerOf(request, "if-match"),
        waitMs,
      );
      if (run.stage === "rolled_back") {
        throw new QmtlError("APPLY_FAILED", `apply "${run.runId}" was rolled back: ${run.error ?? "unknown"}`, {
          details: { run_id: run.runId, phase: run.stage, active },
          hint: "the world stays frozen: unfreeze it with a reason, or apply again under another run id",
        });
      }
      return { ok: true, run_id: run.runId, active, phase: phaseNames[run.stage] };
    },
  );
  route(
    "POST",
    "/worlds/:id/unfreeze",
    { role: "operator", body: Unfreeze, summary: "open a world that was rolled back" },
    async ({ request, id, body }) =>
      worldView(await protocol.unfreeze(id, askedOf(request, "unfreeze"), body.reason, body.expected_epoch)),
  );

  // ---- leases and the kill switch
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
      const { holder, incarnation, closed_epoch: closedEpoch } = checkOrderAck(body);
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

  // ---- audit
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
      return verdict.kind === "intact"
        ? { intact: true, rows: verdict.rows, head_hash: verdict.headHash }
        : { intact: false, sequence: verdict.sequence, reason: verdict.reason };
    },
  );

  // ---- nodes, edges, validations
  route("GET", "/worlds/:id/nodes", { role: "reader", summary: "nodes of the world" }, async ({ request, id }) =>
    nodes.nodes(id, request.query["execution_domain"]),
  );
  route("GET", "/worlds/:id/nodes/:node", { role: "reader", summary: "a node of the world" }, async ({ request, id }) =>
    nodes.node(id, request.params["node"] ?? "", request.query["execution_domain"]),
  );
  route(
    "PUT",
    "/worlds/:id/nodes/:node",
    { role: "operator", body: WorldNodePut, summary: "the status of a node" },
    async ({ request, id, body }) => nodes.putNode(id, askedOf(request, "node"), request.params["node"] ?? "", body),
  );
  route(
    "DELETE",
    "/worlds/:id/nodes/:node",
    { role: "operator", summary: "forget a node" },
    async ({ request, reply, id }) => {
      await nodes.removeNode(
        id,
        askedOf(request, "node"),
        request.params["node"] ?? "",
        request.query["execution_domain"],
      );
      return reply.code(204).send();
    },
  );
  route(
    "GET",
    "/worlds/:id/edges/overrides",
    { role: "reader", summary: "edges that are cut or joined" },
    async ({ id }) => nodes.overrides(id),
  );
  route(
    "PUT",
    "/worlds/:id/edges/:src/:dst",
    { role: "operator", body: EdgeOverridePut, summary: "cut or join an edge" },
    async ({ request, id, body }) =>
      nodes.putOverride(id, askedOf(request, "edge"), request.params["src"] ?? "", request.params["dst"] ?? "", body),
  );
  route(
    "POST",
    "/worlds/:id/validations/cache/lookup",
    { role: "operator", body: ValidationContext, summary: "what is known of a node's validity" },
    async ({ request, id, body }) => nodes.lookupValidation(id, askedOf(request, "validation"), body),
  );
  route(
    "POST",
    "/worlds/:id/validations/cache",
    { role: "operator", body: ValidationPut, summary: "remember a node's validity" },
    async ({ request, id, body }) => nodes.putValidation(id, askedOf(request, "validation"), body),
  );
  route(
    "DELETE",
    "/worlds/:id/validations/:node",
    { role: "operator", summary: "forget a node's validity" },
    async ({ request, reply, id }) => {
      await nodes.clearValidations(
        id,
        askedOf(request, "validation"),
        request.params["node"] ?? "",
        request.query["execution_domain"],
      );
      return reply.code(204).send();
    },
  );

  // ---- allocations
  route(
    "POST",
    "/allocations",
    { role: "operator", everywhere: true, body: AllocationRequest, summary: "share equity among worlds" },
    async ({ request, body }) => allocations.set(askedOf(request, "allocations"), body),
  );
  route("GET", "/allocations", { role: "reader", summary: "how equity is shared among worlds" }, async ({ request }) =>
    allocations.get(request.query["world_id"], (id) => allows(request.principal, "reader", id)),
  );
}

const applyWaitMs = 250;
const applyWaitMsMax = 10_000;

/** The names older clients know, and the end of an apply. */
const phaseNames = {
  freezing: "freeze",
  frozen: "freeze",
  switched: "switch",
  completed: "completed",
  rolled_back: "rolled_back",
} as const;

function conditional(request: FastifyRequest, reply: FastifyReply, etag: string, body: unknown): FastifyReply {
  void reply.header("etag", quoted(etag));
  if (etagsOf(headerOf(request, "if-none-match")).includes(etag)) return reply.code(304).send();
  return reply.send(body);
}

function quoted(etag: string): string {
  return `"${etag}"`;
}

function wholeNumber(text: string | undefined, name: string): number {
  if (text !== undefined && /^\d{1,12}$/.test(text)) return Number(text);
  throw new QmtlError("REQUEST_INVALID", `${name} must be a whole number; found "${text ?? ""}"`);
}

function worldView({ row, profile, record, mode }: WorldState): Record<string, unknown> {
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

/** An evaluation with all its reasons; of one strategy where one is named. */
function explanationView(evaluation: Evaluation, strategyId: string | undefined): Record<string, unknown> {
  const { decision, inputs } = evaluation;
  const { strategies, ...explanation } = decision.explanation;
  const only = <Value>(all: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> =>
    strategyId === undefined ? all : Object.fromEntries(Object.entries(all).filter(([id]) => id === strategyId));
  return {
    ...evaluationView(evaluation),
    explanation: { ...explanation, strategies: only(strategies) },
    inputs: { ...inputs, strategies: only(inputs.strategies), memory: only(inputs.memory) },
  };
}

function evaluationView({
  evaluationId,
  decidedMs,
  policyVersion,
  policy,
  decision,
}: Evaluation): Record<string, unknown> {
  const { active, topK, promote, demote, entries, dataIsCurrent, explanation } = decision;
  return {
    evaluation_id: evaluationId,
    as_of: formatInstant(decidedMs),
    policy_version: policyVersion,
    policy_checksum: policy.checksum,
    active,
    topk: topK,
    promote,
    demote,
    data_is_current: dataIsCurrent,
    entries: entries.map(({ strategyId, ...entry }) => ({ strategy_id: strategyId, ...entry })),
    notes: Object.entries(explanation.strategies).map(([id, { active: isActive, decidedBy }]) => ({
      strategy_id: id,
      active: isActive,
      decided_by: decidedBy,
    })),
  };
}
