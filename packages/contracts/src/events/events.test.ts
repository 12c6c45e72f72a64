import { QmtlError } from "@qmtl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  activationAck,
  activationUpdated,
  cloudEvent,
  controlEvents,
  controlReading,
  controlTopics,
  eventSources,
  policyUpdated,
  queueDescriptors,
  queueEventKey,
  queueLifecycle,
  queueUpdated,
  readCloudEvent,
  sentinelWeightUpdated,
  type CloudEvent,
  type ControlEventType,
} from "./index.ts";

const tsMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const ts = "2026-01-02T03:04:05.678Z";

const activation = activationUpdated({
  world_id: "w",
  epoch: 4,
  sequence: 17,
  etag: "act:17",
  run_id: "r",
  state_hash: "blake3:00",
  tsMs,
  strategy_id: "s",
  side: "long",
  active: true,
  weight: 0.5,
  effective_mode: "paper",
  requires_ack: false,
});
const acknowledgement = activationAck({
  world_id: "w",
  run_id: "r",
  sequence: 17,
  phase: "freeze",
  epoch: 4,
  holder: "h",
  tsMs,
  ackMs: tsMs + 1,
});
const policy = policyUpdated({ world_id: "w", policy_version: 3, checksum: "c", tsMs });
const queues = queueUpdated({
  tags: ["price", "BTC"],
  interval: 60,
  match_mode: "any",
  sequence: 9,
  world_id: "w",
  tsMs,
  queues: [{ queue: "btc_indicator_abc123_v1", global: false }],
});
const lifecycle = queueLifecycle({ queue: "q", action: "archive", reason: "gc", archive_status: "archived", tsMs });
const sentinel = sentinelWeightUpdated({ sentinel_id: "s-sentinel", weight: 0.25, sentinel_version: "v2", tsMs });

const samples: Record<ControlEventType, CloudEvent["data"]> = {
  activation_updated: activation,
  activation_ack: acknowledgement,
  policy_updated: policy,
  queue_updated: queues,
  queue_lifecycle: lifecycle,
  sentinel_weight_updated: sentinel,
};
const types = Object.keys(controlEvents) as ControlEventType[];

function eventOf(type: string, data: CloudEvent["data"]): CloudEvent {
  return cloudEvent({ id: "1", source: eventSources.worldService, type, timeMs: tsMs, data, correlationId: "c" });
}

it("carries an event in a CloudEvents 1.0 envelope", () => {
  expect(eventOf("policy_updated", policy)).toEqual({
    specversion: "1.0",
    id: "1",
    source: "qmtl.services.worldservice",
    type: "policy_updated",
    time: ts,
    datacontenttype: "application/json",
    data: policy,
    correlation_id: "c",
  });
});

it("names each event for those who drop repeats, the schema's version being 1 whatever is counted", () => {
  expect(activation).toMatchObject({ version: 1, ts, idempotency_key: "activation_updated:w:act:17:r:1" });
  expect(acknowledgement).toMatchObject({ version: 1, idempotency_key: "activation_ack:w:r:17:freeze:1" });
  expect(policy).toMatchObject({ version: 1, status: "ACTIVE", idempotency_key: "policy_updated:w:3:c:1" });
  expect(queues).toMatchObject({
    version: 1,
    tags: ["BTC", "price"],
    etag: "q:BTC.price:60:9",
    idempotency_key: "queue_updated:BTC.price:60:any:9",
  });
  expect(lifecycle).toMatchObject({ etag: "ql:q:archive:gc:1", idempotency_key: "queue_lifecycle:q:archive:gc:1" });
  expect(sentinel).toMatchObject({ etag: "sw:s-sentinel:v2:0.250000:1" });
});

it("has an etag of its own for every change of a tag query's queues", () => {
  const change = (sequence: number): string =>
    queueUpdated({ tags: ["a"], interval: 60, match_mode: "any", sequence, queues: [], tsMs }).etag;
  expect(change(1)).not.toBe(change(2));
});

it("keys a tag query by everything that makes it another one, and by nothing else", () => {
  const query = { tags: ["a", "b"], intervalSeconds: 60, matchMode: "any" } as const;
  expect(queueEventKey(query)).toBe(queueEventKey({ ...query, tags: ["b", "a", "b"] }));
  const others = [
    { ...query, tags: ["a,b"] },
    { ...query, tags: ["a"] },
    { ...query, intervalSeconds: 61 },
    { ...query, matchMode: "all" as const },
    { ...query, worldId: "w" },
    { ...query, executionDomain: "live" },
  ];
  expect(new Set([query, ...others].map(queueEventKey)).size).toBe(others.length + 1);
});

it("reads queues as objects or as plain names", () => {
  expect(queueDescriptors({ ...queues, queues: ["a", { queue: "b", global: true }] })).toEqual([
    { queue: "a", global: false },
    { queue: "b", global: true },
  ]);
});

describe("reading", () => {
  it.each(types)("gives back a %s as it was written", (type) => {
    const event = eventOf(type, samples[type]);
    const read = readCloudEvent(JSON.stringify(event));
    expect(read).toEqual(event);
    expect(controlReading(read)).toEqual({ kind: "known", type, data: samples[type] });
    expect(controlTopics).toContain(controlEvents[type].topic);
  });

  it.each(types)("tells a %s of another schema version, or of none, from a known one", (type) => {
    expect(controlReading(eventOf(type, { ...samples[type], version: 2 }))).toEqual({
      kind: "unknown",
      type,
      version: 2,
    });
    const { version, ...unversioned } = samples[type];
    expect(version).toBe(1);
    expect(() => controlReading(eventOf(type, unversioned))).toThrow(
      expect.objectContaining({ code: "SCHEMA_INVALID" }),
    );
  });

  it("tells an event of a type it does not know from a known one", () => {
    for (const type of ["rebalancing_planned", "toString", "__proto__"]) {
      expect(controlReading(eventOf(type, { version: 1 }))).toEqual({ kind: "unknown", type, version: 1 });
    }
  });

  it.each([
    ["a mode it does not know", { effective_mode: "turbo" }],
    ["a weight above 1", { weight: 1.01 }],
    ["a weight that is text", { weight: "1" }],
    ["a fractional sequence", { sequence: 1.5 }],
    ["no world", { world_id: undefined }],
    ["a phase it does not know", { phase: "thaw" }],
    ["a time without a zone", { ts: "2026-01-02T03:04:05" }],
  ])("refuses an activation with %s: what is not understood must close", (_, change) => {
    const event = JSON.parse(JSON.stringify(eventOf("activation_updated", { ...activation, ...change }))) as CloudEvent;
    expect(() => controlReading(event)).toThrow(expect.objectContaining({ code: "SCHEMA_INVALID" }));
  });

  it.each([
    ["", "JSON_INVALID"],
    ["null", "SCHEMA_INVALID"],
    ["[]", "SCHEMA_INVALID"],
    ["NaN", "JSON_INVALID"],
    ['{"data":{"__proto__":{}}}', "JSON_INVALID"],
    ['{"id":"1","id":"2"}', "JSON_INVALID"],
    [`{"a":${"[".repeat(100)}${"]".repeat(100)}}`, "JSON_INVALID"],
    ['"\\ud800"', "JSON_INVALID"],
    [`{"a":"${"x".repeat(1_048_576)}"}`, "REQUEST_TOO_LARGE"],
    [JSON.stringify({ ...eventOf("a", {}), specversion: "0.3" }), "SCHEMA_INVALID"],
    [JSON.stringify({ ...eventOf("a", {}), data: "text" }), "SCHEMA_INVALID"],
    [JSON.stringify({ ...eventOf("a", {}), id: "" }), "SCHEMA_INVALID"],
  ])("refuses %.40j", (text, code) => {
    expect(() => readCloudEvent(text)).toThrow(expect.objectContaining({ code }));
  });

  it("answers any text with an event or an error of the catalog", () => {
    const whole = JSON.stringify(eventOf("activation_updated", activation));
    const damaged = fc
      .tuple(fc.nat(whole.length), fc.nat(12), fc.string({ unit: "binary", maxLength: 8 }))
      .map(([at, length, text]) => whole.slice(0, at) + text + whole.slice(at + length));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.json(), fc.string({ unit: "binary" })), (text) => {
        try {
          controlReading(readCloudEvent(text));
        } catch (error) {
          expect(error).toBeInstanceOf(QmtlError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
