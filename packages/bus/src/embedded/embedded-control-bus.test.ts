import { sampleEvent } from "@qmtl/testkit/contracts";
import { syncAtOnce, VirtualClock } from "@qmtl/testkit/clock";
import { SqliteFile } from "@qmtl/store/sqlite";
import { crc32 } from "node:zlib";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ControlBus, DeadLetter } from "../control/index.ts";
import { openEmbeddedControlBus, type EmbeddedControlBusOptions } from "./index.ts";

let folder: string;
let clock: VirtualClock;
let idsGiven = 0;
const open: ControlBus[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-bus-"));
  clock = new VirtualClock();
});
afterEach(async () => {
  // One after the other: where time stands still nobody can wait for another's lock.
  for (const bus of open.splice(0)) await bus.close();
  await rm(folder, { recursive: true });
});

async function opened(options: Partial<EmbeddedControlBusOptions> = {}): Promise<ControlBus> {
  const path = join(folder, "bus.db");
  const ids = { next: () => `id-${++idsGiven}` };
  const bus = await openEmbeddedControlBus({ path, clock, ids, syncFile: syncAtOnce, ...options });
  open.push(bus);
  return bus;
}

/** Changes the file behind the bus's back. */
async function tamper(sql: string, parameters: readonly unknown[] = []): Promise<void> {
  const file = new SqliteFile({ path: join(folder, "bus.db"), clock });
  await file.write((run) => run(sql, parameters));
  await file.close();
}

it("keeps the last event of each key when it forgets the old ones, and still knows the others were there", async () => {
  const bus = await opened({ retentionMs: 3_600_000 });
  const publish = (key: string, sequence: number): Promise<void> =>
    bus.publish("control.activation", [sampleEvent(key, sequence)]);
  for (const sequence of [1, 2, 3]) await publish("w", sequence);
  await publish("v", 1);
  await clock.advance(2 * 3_600_000);
  await publish("v", 2);
  const kept = async () =>
    (await bus.read("control.activation", 0, 10)).map(({ key, sequence }) => `${key}${sequence}`);
  expect(await kept()).toEqual(["w3", "v2"]);
  const got: string[] = [];
  const subscription = await bus.subscribe("control.activation", { from: "earliest" }, ({ key, sequence }) => {
    got.push(`${key}${sequence}`);
  });
  await clock.advance(100);
  expect(got).toEqual(["w3", "v2"]);
  expect(subscription.position).toBe((await bus.read("control.activation", 0, 10)).at(-1)!.offset + 1);
  await publish("w", 1); // a relay that comes back after a day repeats itself: nothing new
  expect(await kept()).toEqual(["w3", "v2"]);
});

it("gives an event to one of two processes that share a group", async () => {
  const got: number[] = [];
  const first = await opened();
  await first.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2)]);
  const subscribe = (bus: ControlBus) =>
    bus.subscribe("control.policy", { from: "earliest", group: "g" }, ({ sequence }) => void got.push(sequence));
  await subscribe(first);
  await clock.advance(50);
  await first.publish("control.policy", [sampleEvent("w", 3)]);
  const second = await opened();
  await clock.advance(30);
  await subscribe(second);
  await clock.advance(100);
  expect(got).toEqual([1, 2, 3]);
});

it("hands a place on when the one who has it falls silent", async () => {
  const bus = await opened();
  const got: string[] = [];
  const stuck = Promise.withResolvers<void>();
  await bus.subscribe("control.policy", { from: "earliest", group: "g" }, async ({ sequence }) => {
    got.push(`first ${sequence}`);
    await stuck.promise;
  });
  await bus.publish("control.policy", [sampleEvent("w", 1), sampleEvent("w", 2)]);
  await clock.advance(10);
  await bus.subscribe("control.policy", { from: "earliest", group: "g" }, ({ sequence }) => {
    got.push(`second ${sequence}`);
  });
  await clock.advance(5_000);
  expect(got).toEqual(["first 1"]);
  await clock.advance(5_000);
  expect(got).toEqual(["first 1", "second 1", "second 2"]);
  stuck.resolve();
  await clock.advance(10_000);
  expect(await bus.deadLetters("control.policy")).toEqual([]);
});

it("lets one who lost the place move it no more", async () => {
  const failures: unknown[] = [];
  const bus = await opened({ onFailure: (error) => void failures.push(error) });
  const options = { from: "earliest", group: "g" } as const;
  const stuck = Promise.withResolvers<void>();
  await bus.publish("control.policy", [sampleEvent("w", 1)]);
  const first = await bus.subscribe("control.policy", options, () => stuck.promise);
  await clock.advance(10);
  await bus.publish("control.policy", [sampleEvent("w", 2)]);
  const got: number[] = [];
  const second = await bus.subscribe("control.policy", options, ({ sequence }) => void got.push(sequence));
  await clock.advance(10_000);
  expect(got).toEqual([1, 2]);
  stuck.resolve();
  await clock.advance(10);
  expect(failures).toMatchObject([{ code: "LEASE_LOST" }]);
  await first.close();
  await second.close();
  await bus.subscribe("control.policy", options, ({ sequence }) => void got.push(sequence));
  await clock.advance(10_000);
  expect(got).toEqual([1, 2]);
});

it("hands a place on although the wall clock went back by an hour", async () => {
  const bus = await opened();
  const options = { from: "earliest", group: "g" } as const;
  const stuck = Promise.withResolvers<void>();
  await bus.publish("control.policy", [sampleEvent("w", 1)]);
  await bus.subscribe("control.policy", options, () => stuck.promise);
  await clock.advance(10);
  clock.jumpWall(-3_600_000);
  const got: number[] = [];
  await bus.subscribe("control.policy", options, ({ sequence }) => void got.push(sequence));
  await clock.advance(3_000);
  expect(got).toEqual([1]);
  stuck.resolve();
});

it("puts an event that cannot be read into the dead letters and goes on", async () => {
  const bus = await opened();
  await bus.publish("control.activation", [sampleEvent("w", 1), sampleEvent("w", 2)]);
  const body = '{"specversion":"9"}';
  const checksum = crc32(JSON.stringify(["control.activation", "w", 1, body]));
  await tamper("update events set body = ?, checksum = ? where sequence = 1", [body, checksum]);
  const got: number[] = [];
  const letters: DeadLetter[] = [];
  const options = { from: "earliest", onDeadLetter: (letter: DeadLetter) => void letters.push(letter) } as const;
  await bus.subscribe("control.activation", options, ({ sequence }) => void got.push(sequence));
  await clock.advance(50);
  expect(got).toEqual([2]);
  expect(letters).toMatchObject([{ key: "w", sequence: 1, body, attempts: 0 }]);
});

it("stops before an event whose bytes were changed, says so, and delivers nothing after it", async () => {
  const failures: unknown[] = [];
  const bus = await opened({ onFailure: (error) => void failures.push(error) });
  await bus.publish("control.activation", [sampleEvent("w", 1), sampleEvent("w", 2)]);
  await tamper("update events set body = replace(body, 'policy', 'Policy') where sequence = 1");
  const got: number[] = [];
  await bus.subscribe("control.activation", { from: "earliest" }, ({ sequence }) => void got.push(sequence));
  await clock.advance(1_000);
  expect(got).toEqual([]);
  expect(failures.length).toBeGreaterThan(1);
  expect(failures[0]).toMatchObject({ code: "STORE_CORRUPT" });
});
