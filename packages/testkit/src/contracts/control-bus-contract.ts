import type { ControlBus, ControlMessage, DeadLetter, OutgoingEvent } from "@qmtl/bus/control";
import { cloudEvent, eventSources } from "@qmtl/contracts/events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, type PassingTime } from "./passing-time.ts";

export interface ControlBusHarness extends PassingTime {
  /** A handler that throws is called three times, with pauses below 100 ms. */
  readonly bus: ControlBus;
  close(): Promise<void>;
}

/** What every control bus does (safety, section 4). `open` gives an empty one. */
export function controlBusContract(name: string, open: () => Promise<ControlBusHarness>): void {
  describe(`${name}, as a control bus`, () => {
    let harness: ControlBusHarness;
    let bus: ControlBus;
    beforeEach(async () => {
      harness = await open();
      bus = harness.bus;
    });
    afterEach(() => harness.close());

    const names = (messages: readonly ControlMessage[]): string[] =>
      messages.map(({ key, sequence }) => `${key}${sequence}`);

    it("delivers what is published after the subscription, in order", async () => {
      await bus.publish("control.policy", [sampleEvent("w", 1)]);
      const got: ControlMessage[] = [];
      await bus.subscribe("control.policy", { from: "latest" }, (message) => void got.push(message));
      await bus.publish("control.policy", [sampleEvent("w", 2), sampleEvent("v", 1)]);
      await bus.publish("control.policy", [sampleEvent("w", 3)]);
      await eventually(harness, () => got.length >= 3);
      expect(names(got)).toEqual(["w2", "v1", "w3"]);
      expect(got[0]!.event).toEqual(sampleEvent("w", 2).event);
      expect(got.map(({ offset }) => offset)).toEqual(got.map(({ offset }) => offset).toSorted((a, b) => a - b));
    });

    it("delivers from the start, and from an offset, what was published before", async () => {
      await bus.publish(
        "control.policy",
        [1, 2, 3, 4].map((sequence) => sampleEvent("w", sequence)),
      );
      const all: ControlMessage[] = [];
      await bus.subscribe("control.policy", { from: "earliest" }, (message) => void all.push(message));
      await eventually(harness, () => all.length === 4);
      const rest: ControlMessage[] = [];
      await bus.subscribe("control.policy", { from: all[2]!.offset }, (message) => void rest.push(message));
      await eventually(harness, () => rest.length === 2);
      expect(names(rest)).toEqual(["w3", "w4"]);
      expect(names(await bus.read("control.policy", all[1]!.offset, 2))).toEqual(["w2", "w3"]);
    });

    it("has an event once, however often it is published", async () => {
      await bus.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2)]);
      await bus.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2), sampleEvent("w", 3)]);
      await Promise.all([1, 2, 3].map(() => bus.publish("control.policy", [sampleEvent("w", 3)])));
      expect(names(await bus.read("control.policy", 0, 10))).toEqual(["w1", "w2", "w3"]);
    });

    it("W-1: refuses a sequence that names another event, and all that came with it", async () => {
      await bus.publish("control.policy", [sampleEvent("w", 1)]);
      const other = [sampleEvent("v", 1), sampleEvent("w", 1, "another body")];
      await expect(bus.publish("control.policy", other)).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
      expect(names(await bus.read("control.policy", 0, 10))).toEqual(["w1"]);
    });

    it("W-1: refuses a sequence below one of its key that was published", async () => {
      await bus.publish("control.policy", [sampleEvent("w", 5)]);
      const late = bus.publish("control.policy", [sampleEvent("w", 4)]);
      await expect(late).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    });

    it("keeps topics apart", async () => {
      await bus.publish("control.policy", [sampleEvent("w", 1)]);
      await bus.publish("control.queues", [sampleEvent("w", 1, "queue")]);
      expect((await bus.read("control.queues", 0, 10)).map(({ event }) => event.data["about"])).toEqual(["queue"]);
      expect(await bus.read("control.sentinel", 0, 10)).toEqual([]);
    });

    it("calls a handler that threw again, with the same event, before the next one", async () => {
      const calls: string[] = [];
      await bus.subscribe("control.policy", { from: "earliest" }, ({ key, sequence }) => {
        calls.push(`${key}${sequence}`);
        if (calls.length < 3) throw new Error("not yet");
      });
      await bus.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2)]);
      await eventually(harness, () => calls.length === 4);
      expect(calls).toEqual(["w1", "w1", "w1", "w2"]);
      expect(await bus.deadLetters("control.policy")).toEqual([]);
    });

    it("puts an event that cannot be handled into the dead letters, says so, and goes on", async () => {
      const handled: number[] = [];
      const buried: DeadLetter[] = [];
      const options = { from: "earliest", onDeadLetter: (letter: DeadLetter) => void buried.push(letter) } as const;
      await bus.subscribe("control.policy", options, ({ sequence }) => {
        if (sequence === 2) throw new Error("cannot read it");
        handled.push(sequence);
      });
      await bus.publish(
        "control.policy",
        [1, 2, 3].map((sequence) => sampleEvent("w", sequence)),
      );
      await eventually(harness, () => handled.length === 2);
      expect(handled).toEqual([1, 3]);
      expect(buried).toMatchObject([{ key: "w", sequence: 2, attempts: 3, reason: "cannot read it" }]);
      expect(await bus.deadLetters("control.policy")).toEqual(buried);
      expect(JSON.parse(buried[0]!.body)).toEqual(sampleEvent("w", 2).event);
    });

    it("keeps the place of a group over subscriptions", async () => {
      await bus.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2)]);
      const first: number[] = [];
      const options = { from: "earliest", group: "g" } as const;
      const subscription = await bus.subscribe("control.policy", options, ({ sequence }) => void first.push(sequence));
      await eventually(harness, () => first.length === 2);
      await subscription.close();
      await bus.publish("control.policy", [sampleEvent("w", 3)]);
      const second: number[] = [];
      await bus.subscribe("control.policy", options, ({ sequence }) => void second.push(sequence));
      await eventually(harness, () => second.length > 0);
      await harness.pass(100);
      expect(first).toEqual([1, 2]);
      expect(second).toEqual([3]);
    });

    it("gives each event to one member of a group, and to the next one when that has left", async () => {
      const got: string[] = [];
      const subscribe = (member: string) =>
        bus.subscribe("control.policy", { from: "earliest", group: "g" }, ({ sequence }) => {
          got.push(`${member}${sequence}`);
        });
      const members = [await subscribe("a"), await subscribe("b")];
      await bus.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2)]);
      await eventually(harness, () => got.length === 2);
      await harness.pass(100);
      const leader = got[0]![0]!;
      expect(got).toEqual([`${leader}1`, `${leader}2`]);
      const other = leader === "a" ? "b" : "a";
      await members[leader === "a" ? 0 : 1]!.close();
      await bus.publish("control.policy", [sampleEvent("w", 3)]);
      await eventually(harness, () => got.length === 3, 30_000);
      expect(got[2]).toBe(`${other}3`);
    });

    it("gives every event to every subscription without a group", async () => {
      const got: string[] = [];
      for (const who of ["a", "b"]) {
        await bus.subscribe(
          "control.policy",
          { from: "earliest" },
          ({ sequence }) => void got.push(`${who}${sequence}`),
        );
      }
      await bus.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2)]);
      await eventually(harness, () => got.length === 4);
      expect(got.toSorted()).toEqual(["a1", "a2", "b1", "b2"]);
    });

    it("calls one handler at a time, and none after it was closed", async () => {
      const started: number[] = [];
      let running = 0;
      const subscription = await bus.subscribe("control.policy", { from: "earliest" }, async ({ sequence }) => {
        started.push(sequence);
        expect(++running).toBe(1);
        await Promise.resolve();
        if (sequence === 2) void subscription.close();
        running--;
      });
      await bus.publish(
        "control.policy",
        [1, 2, 3, 4].map((sequence) => sampleEvent("w", sequence)),
      );
      await eventually(harness, () => started.length >= 2);
      await harness.pass(100);
      await subscription.close();
      expect(started).toEqual([1, 2]);
      expect(await bus.deadLetters("control.policy")).toEqual([]);
    });
  });
}

/** An event whose body is a function of its key, its sequence and what it is about. */
export function sampleEvent(key: string, sequence: number, about = "policy"): OutgoingEvent {
  const event = cloudEvent({
    id: `${key}-${sequence}`,
    source: eventSources.worldService,
    type: "sample",
    timeMs: 1_767_225_600_000 + sequence,
    correlationId: "c",
    data: { version: 1, about, sequence },
  });
  return { key, sequence, event };
}
