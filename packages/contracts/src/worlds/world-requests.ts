import { Type, type Static } from "typebox";

/** Ids that become parts of keys, topics and paths. */
export const WorldId = Type.String({ minLength: 1, maxLength: 128, pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$" });
const StrategyId = Type.String({ minLength: 1, maxLength: 200, pattern: "^[^\\u0000-\\u001f\\u007f]+$" });
const Text = Type.String({ maxLength: 10_000 });
const Reason = Type.String({ minLength: 1, maxLength: 2_000, pattern: "\\S" });
const closed = { additionalProperties: false } as const;
const Side = Type.Enum(["long", "short"]);

const profile = {
  name: Type.Optional(Text),
  description: Type.Optional(Text),
  owner: Type.Optional(Text),
  labels: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 100 })),
  state: Type.Optional(Type.Enum(["ACTIVE", "SUSPENDED"])),
  allow_live: Type.Optional(Type.Boolean()),
  contract_id: Type.Optional(Text),
  dataset_fingerprint: Type.Optional(Text),
  resource_policy: Type.Optional(Text),
  code_version: Type.Optional(Text),
  metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
};

/** `POST /worlds` */
export type WorldCreate = Static<typeof WorldCreate>;
export const WorldCreate = Type.Object({ id: WorldId, ...profile }, closed);

/** `PUT /worlds/{id}`: what is given replaces what was there, the rest stays. */
export type WorldUpdate = Static<typeof WorldUpdate>;
export const WorldUpdate = Type.Object({ id: Type.Optional(WorldId), ...profile }, closed);

/** `POST /worlds/{id}/policies`: an object, or YAML or JSON text. */
export type PolicyAdd = Static<typeof PolicyAdd>;
export const PolicyAdd = Type.Object({ policy: Type.Unknown() }, closed);

export type PolicyChoice = Static<typeof PolicyChoice>;
export const PolicyChoice = Type.Object({ version: Type.Integer({ minimum: 1 }) }, closed);

export type Strategies = Static<typeof Strategies>;
export const Strategies = Type.Object({ strategies: Type.Array(StrategyId, { maxItems: 10_000 }) }, closed);

/** A decision about one node, as an event. */
export type NodeDecision = Static<typeof NodeDecision>;
export const NodeDecision = Type.Object(
  {
    event_id: Type.String({ minLength: 1 }),
    node_id: Type.String({ pattern: "^blake3:" }),
    decision: Type.Enum(["stop", "pause", "resume", "quarantine"]),
    reason_code: Type.String({ minLength: 1 }),
    scope: Type.Optional(Type.Literal("world-local")),
    timestamp: Type.String(),
    world_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    propagation_rule: Type.Optional(Type.Literal("none")),
    ttl: Type.Optional(Type.String()),
  },
  closed,
);

/** `POST /worlds/{id}/decisions` */
export type DecisionsSet = Static<typeof DecisionsSet>;
export const DecisionsSet = Type.Union([Strategies, NodeDecision]);

/** `PUT /worlds/{id}/activation`: the whole entry; what is left out takes its default. */
export type ActivationRequest = Static<typeof ActivationRequest>;
export const ActivationRequest = Type.Object(
  {
    strategy_id: StrategyId,
    side: Side,
    active: Type.Boolean(),
    weight: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })), // 1 if active, else 0
    freeze: Type.Optional(Type.Boolean()),
    drain: Type.Optional(Type.Boolean()),
    effective_mode: Type.Optional(Type.String({ maxLength: 40 })),
    run_id: Type.Optional(Type.String({ maxLength: 200 })),
    ts: Type.Optional(Type.String({ maxLength: 40 })),
    /** Etag of the entry this replaces, where no If-Match header can be sent. */
    etag: Type.Optional(Type.String({ maxLength: 500 })),
  },
  closed,
);

// null stands for a figure that is not finite: JSON has no other word for it.
const Figure = Type.Union([Type.Number(), Type.Null()]);
const ByStrategy = <Value extends Parameters<typeof Type.Record>[1]>(value: Value) => Type.Record(Type.String(), value);
const Points = Type.Optional(Type.Array(Type.Number(), { maxItems: 100_000 }));
const EpochMsOrText = Type.Union([Type.Number(), Type.String({ maxLength: 40 })]);
const Span = Type.Object(
  {
    data_start: Type.Optional(EpochMsOrText), // ISO-8601, or epoch seconds
    data_end: Type.Optional(EpochMsOrText),
    bar_alignment: Type.Optional(Type.String({ maxLength: 100 })),
  },
  closed,
);
const evaluation = {
  metrics: Type.Optional(ByStrategy(Type.Record(Type.String({ maxLength: 200 }), Figure))),
  /** Active strategies before; by default those the world has decided on. */
  previous: Type.Optional(Type.Array(StrategyId, { maxItems: 10_000 })),
  /** `{"a": {"b": 0.3}}`, or `{"a|b": 0.3}`. */
  correlations: Type.Optional(ByStrategy(Type.Union([Type.Number(), Type.Record(Type.String(), Type.Number())]))),
  policy: Type.Optional(Type.Unknown()),
  series: Type.Optional(ByStrategy(Type.Object({ equity: Points, pnl: Points, returns: Points }, closed))),
  /** Time of the decision; now unless given. */
  as_of: Type.Optional(EpochMsOrText),
  /** Of all strategies, and of each. */
  data_currency: Type.Optional(Span),
  data_currency_by_strategy: Type.Optional(ByStrategy(Span)),
  sides: Type.Optional(ByStrategy(Side)),
  sectors: Type.Optional(ByStrategy(Type.String({ maxLength: 200 }))),
  tags: Type.Optional(ByStrategy(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 100 }))),
  gross: Type.Optional(ByStrategy(Type.Number({ minimum: 0 }))),
  evidence: Type.Optional(
    ByStrategy(
      Type.Object(
        {
          parity: Type.Optional(Type.String({ maxLength: 40 })),
          lookahead: Type.Optional(Type.String({ maxLength: 40 })),
          manifest: Type.Optional(Type.String({ maxLength: 200 })),
          trials: Type.Optional(Type.Integer({ minimum: 0 })),
        },
        closed,
      ),
    ),
  ),
};

/** `POST /worlds/{id}/evaluate` */
export type EvaluateRequest = Static<typeof EvaluateRequest>;
export const EvaluateRequest = Type.Object(evaluation, closed);

/** `POST /worlds/{id}/apply` */
export type ApplyRequest = Static<typeof ApplyRequest>;
export const ApplyRequest = Type.Object(
  {
    ...evaluation,
    run_id: Type.String({ minLength: 1, maxLength: 200, pattern: "^[^\\u0000-\\u001f\\u007f]+$" }),
    /** Instead of a policy: what changes. */
    plan: Type.Optional(
      Type.Object(
        {
          activate: Type.Optional(Type.Array(StrategyId, { maxItems: 10_000 })),
          deactivate: Type.Optional(Type.Array(StrategyId, { maxItems: 10_000 })),
        },
        closed,
      ),
    ),
    gating_policy: Type.Optional(Type.Unknown()),
    /** An evaluation that was recorded, to be carried out as it is. */
    evaluation_id: Type.Optional(Type.String({ maxLength: 200 })),
    /** What the world may do afterwards; by default what it did, and at least paper. */
    effective_mode: Type.Optional(Type.String({ maxLength: 40 })),
    /** The epoch this is based on, where no If-Match header can be sent. */
    expected_epoch: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);

export type WithReason = Static<typeof WithReason>;
export const WithReason = Type.Object({ reason: Reason }, closed);

/** `POST /worlds/{id}/unfreeze`: opens a world whose apply was rolled back. */
export type Unfreeze = Static<typeof Unfreeze>;
export const Unfreeze = Type.Object({ reason: Reason, expected_epoch: Type.Integer({ minimum: 0 }) }, closed);

/** `POST /worlds/{id}/replay-policy` */
export type PolicyReplayRequest = Static<typeof PolicyReplayRequest>;
export const PolicyReplayRequest = Type.Object(
  { policy: Type.Unknown(), from: Type.Optional(EpochMsOrText), to: Type.Optional(EpochMsOrText) },
  closed,
);

export const NodeStatus = Type.Enum([
  "unknown",
  "validating",
  "valid",
  "invalid",
  "running",
  "paused",
  "stopped",
  "archived",
]);

/** `PUT /worlds/{id}/nodes/{node}` */
export type WorldNodePut = Static<typeof WorldNodePut>;
export const WorldNodePut = Type.Object(
  {
    status: NodeStatus,
    execution_domain: Type.Optional(Type.String({ maxLength: 40 })),
    last_eval_key: Type.Optional(Type.Union([Type.String({ pattern: "^blake3:" }), Type.Null()])),
    annotations: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
  },
  closed,
);

/** `PUT /worlds/{id}/edges/{src}/{dst}`: a reason that is left out stays, null clears it. */
export type EdgeOverridePut = Static<typeof EdgeOverridePut>;
export const EdgeOverridePut = Type.Object(
  { active: Type.Boolean(), reason: Type.Optional(Type.Union([Text, Type.Null()])) },
  closed,
);

const Key = Type.String({ minLength: 1, maxLength: 500 });
const context = {
  node_id: Key,
  execution_domain: Key,
  contract_id: Key,
  dataset_fingerprint: Key,
  code_version: Key,
  resource_policy: Key,
};

/** `POST /worlds/{id}/validations/cache/lookup` */
export type ValidationContext = Static<typeof ValidationContext>;
export const ValidationContext = Type.Object(context, closed);

/** `POST /worlds/{id}/validations/cache` */
export type ValidationPut = Static<typeof ValidationPut>;
export const ValidationPut = Type.Object(
  {
    ...context,
    result: Type.Enum(["valid", "invalid", "warning"]),
    metrics: Type.Record(Type.String(), Type.Unknown()),
    timestamp: Type.Optional(Type.String({ maxLength: 40 })),
  },
  closed,
);

/** `POST /allocations` */
export type AllocationRequest = Static<typeof AllocationRequest>;
export const AllocationRequest = Type.Object(
  {
    run_id: Type.String({ minLength: 1, maxLength: 200 }),
    total_equity: Type.Number({ minimum: 0 }),
    world_allocations: Type.Record(WorldId, Type.Number({ minimum: 0 })),
    positions: Type.Array(
      Type.Object(
        {
          world_id: WorldId,
          strategy_id: StrategyId,
          symbol: Key,
          qty: Type.Number(),
          mark: Type.Number(),
          venue: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        },
        closed,
      ),
      { maxItems: 100_000 },
    ),
    strategy_alloc_after_total: Type.Optional(ByStrategy(Type.Record(Type.String(), Type.Number({ minimum: 0 })))),
    strategy_alloc_before_total: Type.Optional(ByStrategy(Type.Record(Type.String(), Type.Number({ minimum: 0 })))),
    min_trade_notional: Type.Optional(Type.Number({ minimum: 0 })),
    lot_size_by_symbol: Type.Optional(Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0 }))),
    execute: Type.Optional(Type.Boolean()),
    etag: Type.Optional(Type.String({ maxLength: 200 })),
    mode: Type.Optional(Type.Enum(["scaling", "overlay", "hybrid"])),
    overlay: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  closed,
);
