import { ActivationAck, ActivationUpdated, checkActivationAck, checkActivationUpdated } from "./activation.ts";
import type { CloudEvent } from "./cloud-event.ts";
import { checkPolicyUpdated, PolicyUpdated } from "./policy.ts";
import { checkQueueLifecycle, checkQueueUpdated, QueueLifecycle, QueueUpdated } from "./queues.ts";
import { checkSentinelWeightUpdated, SentinelWeightUpdated } from "./sentinel.ts";

export const controlTopics = [
  "control.activation",
  "control.activation.ack",
  "control.policy",
  "control.queues",
  "control.sentinel",
  "trade.fills", // what happened, for whoever keeps books: no service follows it
] as const;
export type ControlTopic = (typeof controlTopics)[number];

/** Type of a control event → its topic, the schema of its data, and the check. */
export const controlEvents = {
  activation_updated: { topic: "control.activation", schema: ActivationUpdated, check: checkActivationUpdated },
  activation_ack: { topic: "control.activation.ack", schema: ActivationAck, check: checkActivationAck },
  policy_updated: { topic: "control.policy", schema: PolicyUpdated, check: checkPolicyUpdated },
  queue_updated: { topic: "control.queues", schema: QueueUpdated, check: checkQueueUpdated },
  queue_lifecycle: { topic: "control.queues", schema: QueueLifecycle, check: checkQueueLifecycle },
  sentinel_weight_updated: {
    topic: "control.sentinel",
    schema: SentinelWeightUpdated,
    check: checkSentinelWeightUpdated,
  },
} as const satisfies Record<string, { topic: ControlTopic; schema: unknown; check: (value: unknown) => unknown }>;

export type ControlEventType = keyof typeof controlEvents;

type Known = {
  readonly [Type in ControlEventType]: {
    readonly kind: "known";
    readonly type: Type;
    readonly data: ReturnType<(typeof controlEvents)[Type]["check"]>;
  };
}[ControlEventType];

/**
 * What an event says. `unknown` is an event of a type or a schema version from another time: to be ignored where events
 * only inform, and a reason to close where they carry activation.
 */
export type ControlReading = Known | { readonly kind: "unknown"; readonly type: string; readonly version: unknown };

/** @throws QmtlError `SCHEMA_INVALID` when the data of a known type and version are not as its schema says */
export function controlReading(event: CloudEvent): ControlReading {
  const version = event.data["version"];
  if (!Object.hasOwn(controlEvents, event.type) || (typeof version === "number" && version !== 1)) {
    return { kind: "unknown", type: event.type, version };
  }
  const type = event.type as ControlEventType;
  return { kind: "known", type, data: controlEvents[type].check(event.data) } as Known;
}
