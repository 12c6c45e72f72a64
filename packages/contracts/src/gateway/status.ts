import { Type, type Static } from "typebox";

/** How much of the Gateway works: NORMAL all, PARTIAL one dependency down, MINIMAL no submissions, STATIC no requests. */
export type DegradeLevel = Static<typeof DegradeLevel>;
export const DegradeLevel = Type.Enum(["NORMAL", "PARTIAL", "MINIMAL", "STATIC"]);

/** `ok`; `error` and `open` (breaker) are down; `none` is not configured, which is no fault. */
export type DependencyHealth = Static<typeof DependencyHealth>;
export const DependencyHealth = Type.Enum(["ok", "error", "open", "unknown", "none"]);

export type GatewayHealth = Static<typeof GatewayHealth>;
export const GatewayHealth = Type.Object({
  status: Type.Enum(["ok", "degraded"]), // ok when nothing that is configured is down
  postgres: DependencyHealth, // the SQL store, whatever it is
  redis: DependencyHealth, // the shared ephemeral state, whatever it is
  bus: DependencyHealth,
  dagmanager: DependencyHealth,
  worldservice: DependencyHealth,
});

/** What `GET /status` answers. */
export type GatewayStatus = Static<typeof GatewayStatus>;
export const GatewayStatus = Type.Object({
  ...GatewayHealth.properties,
  degrade_level: DegradeLevel,
  enforce_live_guard: Type.Boolean(),
  // Order leases asked for through this Gateway, and why some were not granted.
  pretrade: Type.Object({
    attempts: Type.Integer({ minimum: 0 }),
    rejections: Type.Record(Type.String(), Type.Integer()),
    ratio: Type.Number({ minimum: 0, maximum: 1 }),
  }),
  submissions: Type.Record(Type.String(), Type.Integer()), // by status, those that are not final
  sockets: Type.Integer({ minimum: 0 }),
});
