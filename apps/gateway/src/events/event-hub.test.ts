import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sequenceKey, type Outlet } from "./client-channel.ts";
import { EventHub, hubLimits, type HubObserver } from "./event-hub.ts";
import { frameOf, type Frame, type Scope, type StreamEvent } from "./stream-event.ts";

/** A transport that takes bytes only while it is told to. */
class TestOutlet implements Outlet {
  readonly sent: { sequence?: number; key?: string; snapshot?: string }[] = [];
  readonly closed: [number, string][] = [];
  stuck = false;
  pending = 0;
  pendingBytes(): number {
    return this.pending;
  }
  send(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.sent.push(JSON.parse(frame.json) as { sequence: number });
      if (this.stuck) this.pending += frame.bytes.length;
    }
  }
  close(code: number, reason: string): void {
    this.closed.push([code, reason]);
  }
}

const scope = (worldId: string | null, strategyId: string | null, ...topics: string[]): Scope => ({
  worldId,
  strategyId,
  topics: new Set(topics) as unknown as Scope["topics"],
});

function event(part: Partial<StreamEvent> & { sequence: number }, padding = ""): StreamEvent {
  const whole = { topic: "activation" as const, key: "w1", worldId: "w1", strategyId: null, coalesceBy: null, ...part };
  return { ...whole, frame: frameOf({ sequence: whole.sequence, key: whole.key, padding }) };
}

function connected(hub: EventHub, who: Scope) {
  const outlet = new TestOutlet();
  const channel = hub.connect(who, outlet);
  channel.open([], new Map());
  return { outlet, channel, sequences: () => outlet.sent.map(({ sequence }) => sequence) };
}

describe("scope", () => {
  it.each<[string, Scope, Partial<StreamEvent>, boolean]>([
    ["its world and topic", scope("w1", "s1", "activation"), {}, true],
    ["another world", scope("w2", "s1", "activation"), {}, false],
    ["another topic", scope("w1", "s1", "policy"), {}, false],
    [
      "another strategy of its world, for it counts with the others",
      scope("w1", "s1", "activation"),
      { strategyId: "s2" },
      true,
    ],
    ["its strategy", scope("w1", "s1", "activation"), { strategyId: "s1" }, true],
    ["every world, for an operator", scope(null, null, "activation"), { strategyId: "s2" }, true],
    [
      "news of its submission without asking",
      scope("w1", "s1"),
      { topic: null, strategyId: "s1", worldId: null },
      true,
    ],
    ["news of another submission", scope("w1", "s1"), { topic: null, strategyId: "s2", worldId: null }, false],
    ["news of no submission", scope(null, null), { topic: null, strategyId: null, worldId: null }, false],
    ["queues of no world", scope("w1", "s1", "queue"), { topic: "queue", worldId: null }, true],
  ])("%s", (_, who, part, seen) => {
    const hub = new EventHub();
    const client = connected(hub, who);
    hub.publish(event({ sequence: 1, ...part }));
    hub.flush();
    expect(client.sequences()).toEqual(seen ? [1] : []);
  });

  it("follows a refreshed token", () => {
    const hub = new EventHub();
    const client = connected(hub, scope("w1", "s1", "activation"));
    hub.rescope(client.channel, scope("w2", "s1", "activation"));
    hub.publish(event({ sequence: 1 }));
    hub.publish(event({ sequence: 1, key: "w2", worldId: "w2" }));
    hub.flush();
    expect(client.outlet.sent).toMatchObject([{ key: "w2" }]);
  });
});

describe("repeats, gaps, resuming", () => {
  it("knows an event by (topic, key, sequence) and sends it once", () => {
    const hub = new EventHub();
    const client = connected(hub, scope("w1", "s1", "activation", "policy"));
    const admissions = [
      event({ sequence: 1 }),
      event({ sequence: 2 }),
      event({ sequence: 2 }),
      event({ sequence: 1 }),
      event({ sequence: 2, topic: "policy" }),
      event({ sequence: 4 }),
    ].map((one) => hub.publish(one));
    hub.flush();
    expect(admissions).toEqual(["taken", "taken", "duplicate", "duplicate", "taken", "gap"]);
    expect(client.sequences()).toEqual([1, 2, 2, 4]);
  });

  it("replays what a client missed, and says for what it needs a snapshot", () => {
    const hub = new EventHub();
    for (const sequence of [3, 4, 5]) hub.publish(event({ sequence }));
    for (const sequence of [1, 2]) hub.publish(event({ sequence, key: "w2", worldId: "w2" }));
    const client = connected(hub, scope("w1", "s1", "activation"));
    const mark = (key: string, sequence: number) => ({ topic: "activation" as const, key, sequence });
    expect(hub.resume(client.channel, [mark("w1", 3)])).toEqual({ replayed: 2, missed: [] });
    expect(hub.resume(client.channel, [mark("w1", 5), mark("w1", 2)])).toEqual({ replayed: 3, missed: [] });
    const lost = [mark("w1", 1), mark("w1", 6), mark("w3", 0)];
    expect(hub.resume(client.channel, lost)).toEqual({ replayed: 0, missed: lost });
    expect(hub.resume(client.channel, [mark("w2", 0)]).replayed).toBe(0); // not its world
    expect(client.sequences()).toEqual([4, 5, 3, 4, 5]);
  });

  it("cannot replay over a gap", () => {
    const hub = new EventHub();
    const client = connected(hub, scope("w1", null, "activation"));
    for (const sequence of [1, 2, 5]) hub.publish(event({ sequence }));
    expect(hub.resume(client.channel, [{ topic: "activation", key: "w1", sequence: 2 }]).missed).toHaveLength(1);
    expect(hub.resume(client.channel, [{ topic: "activation", key: "w1", sequence: 4 }]).replayed).toBe(1);
  });

  it("replays the newest of states that replace each other, and keeps no other", () => {
    const hub = new EventHub({ ...hubLimits, retainedBytesMax: 1_000 });
    const client = connected(hub, scope("w1", null, "queue", "activation"));
    hub.publish(event({ sequence: 1 }));
    const state = { topic: "queue", key: "k", coalesceBy: "queue_update:k" } as const;
    for (let sequence = 1; sequence <= 50; sequence++) hub.publish(event({ ...state, sequence }, "x".repeat(300)));
    const marks = [
      { topic: "queue", key: "k", sequence: 7 },
      { topic: "activation", key: "w1", sequence: 0 },
    ] as const;
    expect(hub.resume(client.channel, marks)).toEqual({ replayed: 2, missed: [] });
    expect(client.sequences().slice(-2)).toEqual([50, 1]);
  });

  it("keeps a bounded number of bytes", () => {
    const hub = new EventHub({ ...hubLimits, retainedBytesMax: 10_000 });
    for (let sequence = 1; sequence <= 5_000; sequence++) hub.publish(event({ sequence }, "x".repeat(100)));
    const client = connected(hub, scope("w1", null, "activation"));
    const from = (sequence: number) => hub.resume(client.channel, [{ topic: "activation", key: "w1", sequence }]);
    expect(from(4_000).missed).toHaveLength(1);
    expect(from(4_950).replayed).toBe(50);
  });
});

describe("first frames", () => {
  it("come before the events that arrived meanwhile, without those they contain", () => {
    const hub = new EventHub();
    const outlet = new TestOutlet();
    const channel = hub.connect(scope("w1", "s1", "activation", "policy"), outlet);
    hub.publish(event({ sequence: 7 }));
    hub.publish(event({ sequence: 1, topic: "policy" }));
    hub.publish(event({ sequence: 8 }));
    hub.flush();
    expect(outlet.sent).toEqual([]);
    const contained = new Map([[sequenceKey({ topic: "activation", key: "w1" }), 7]]);
    channel.open([frameOf({ snapshot: "activation" }), frameOf({ snapshot: "policy" })], contained);
    expect(outlet.sent.map(({ snapshot, sequence }) => snapshot ?? sequence)).toEqual(["activation", "policy", 1, 8]);
  });
});

describe("slow clients", () => {
  it("are closed with 1013 once 1 MB waits for them, and the others notice nothing", () => {
    const slow: unknown[] = [];
    const observer: HubObserver = {
      fannedOut: () => {},
      duplicate: () => {},
      slowClient: (channel) => slow.push(channel),
    };
    const hub = new EventHub(hubLimits, observer);
    const healthy = connected(hub, scope("w1", null, "activation"));
    const stuck = connected(hub, scope("w1", null, "activation"));
    stuck.outlet.stuck = true;
    let published = 0;
    while (stuck.outlet.closed.length === 0) {
      hub.publish(event({ sequence: ++published }, "x".repeat(1_000)));
      hub.flush();
      expect(published).toBeLessThan(1_100);
    }
    expect(stuck.outlet.closed[0]![0]).toBe(1013);
    expect(published).toBeGreaterThan(900); // not long before the bound either
    expect(slow).toEqual([stuck.channel]);
    expect(hub.size).toBe(1);
    expect(healthy.sequences()).toEqual(Array.from({ length: published }, (_, index) => index + 1));
  });

  it("get only the newest of states that replace each other, and every event that does not", () => {
    const hub = new EventHub();
    const client = connected(hub, scope("w1", null, "activation", "queue"));
    client.outlet.pending = 64_000;
    for (let sequence = 1; sequence <= 3_000; sequence++) {
      hub.publish(event({ sequence, topic: "queue", key: "btc", coalesceBy: "btc" }, "x".repeat(1_000)));
      if (sequence <= 100) hub.publish(event({ sequence }));
      hub.flush();
    }
    client.outlet.pending = 0;
    client.channel.flush();
    expect(client.outlet.closed).toEqual([]);
    expect(client.sequences()).toEqual([...Array.from({ length: 100 }, (_, index) => index + 1), 3_000]);
  });

  it("never lose or reorder an event of a key, however the transport stutters (safety §4)", () => {
    const steps = fc.array(
      fc.record({
        key: fc.constantFrom("a", "b"),
        pending: fc.constantFrom(0, 0, 0, 63_990, 64_000),
        flush: fc.boolean(),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (plan) => {
        const hub = new EventHub();
        const client = connected(hub, scope(null, null, "activation", "queue"));
        const next = { a: 0, b: 0 };
        for (const { key, pending, flush } of plan) {
          client.outlet.pending = pending;
          const sequence = ++next[key as "a" | "b"];
          const coalesceBy = key === "b" ? key : null;
          hub.publish(event({ sequence, key, worldId: null, topic: key === "b" ? "queue" : "activation", coalesceBy }));
          if (flush) hub.flush();
        }
        client.outlet.pending = 0;
        client.channel.flush();
        const of = (key: string) => client.outlet.sent.filter((one) => one.key === key).map((one) => one.sequence!);
        expect(of("a")).toEqual(Array.from({ length: next.a }, (_, index) => index + 1));
        expect(of("b")).toEqual(of("b").toSorted((x, y) => x - y));
        if (next.b > 0) expect(of("b").at(-1)).toBe(next.b);
      }),
      { numRuns: 200 },
    );
  });
});
