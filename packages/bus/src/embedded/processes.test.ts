import { systemClock, systemIds } from "@qmtl/service/edge";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openEmbeddedControlBus, openEmbeddedQueues } from "./index.ts";

const appender = fileURLToPath(new URL("fixtures/appender.ts", import.meta.url));
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-processes-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

it("loses nothing it acknowledged, and has nothing twice, when its writers are killed again and again", async () => {
  const acknowledged = { a: new Acknowledged(), b: new Acknowledged() };
  for (let round = 0; round < 3; round++) {
    const writers = (["a", "b"] as const).map((name) => startWriter(name, acknowledged[name]));
    await Promise.all(writers.map((writer) => writer.atLeast(40)));
    for (const writer of writers) await writer.kill();
  }
  const queues = await openEmbeddedQueues({ path: join(folder, "queues.db"), clock: systemClock, ids: systemIds });
  const bus = await openEmbeddedControlBus({ path: join(folder, "bus.db"), clock: systemClock, ids: systemIds });
  const records = await queues.dataLog.read("t", 0, 1_000_000);
  const events = await bus.read("control.policy", 0, 1_000_000);
  await Promise.all([queues.close(), bus.close()]);
  expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
  for (const name of ["a", "b"] as const) {
    const buckets = records.filter(({ key }) => key === name).map(({ bucketMs }) => bucketMs);
    const sequences = events.filter(({ key }) => key === name).map(({ sequence }) => sequence);
    expect(new Set(buckets).size).toBe(buckets.length);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    expect(acknowledged[name].records.size).toBeGreaterThan(100);
    expect([...acknowledged[name].records].filter((bucket) => !buckets.includes(bucket))).toEqual([]);
    expect([...acknowledged[name].events].filter((sequence) => !sequences.includes(sequence))).toEqual([]);
  }
});

it("delivers to one process what another one publishes, in order", async () => {
  const bus = await openEmbeddedControlBus({ path: join(folder, "bus.db"), clock: systemClock, ids: systemIds });
  const queues = await openEmbeddedQueues({ path: join(folder, "queues.db"), clock: systemClock, ids: systemIds });
  await queues.dataLog.ensureTopic("t", { partitions: 1, retentionMs: 86_400_000 });
  const sequences: number[] = [];
  const offsets: number[] = [];
  await bus.subscribe("control.policy", { from: "latest" }, ({ sequence }) => void sequences.push(sequence));
  await queues.dataLog.subscribe("t", { from: "latest", group: "g" }, (records) => {
    offsets.push(...records.map(({ offset }) => offset));
  });
  const writer = startWriter("a", new Acknowledged());
  await writer.atLeast(40);
  await writer.kill();
  const [size, published] = [await queues.dataLog.size("t"), await bus.read("control.policy", 0, 100_000)];
  await expect.poll(() => [offsets.length, sequences.length]).toEqual([size, published.length]);
  expect(sequences).toEqual(published.map(({ sequence }) => sequence));
  expect(offsets).toEqual(Array.from({ length: size }, (_, index) => index));
  await Promise.all([queues.close(), bus.close()]);
});

class Acknowledged {
  readonly records = new Set<number>();
  readonly events = new Set<number>();

  note(line: string): void {
    const [kind, number] = line.split(" ");
    if (kind === "record") this.records.add(Number(number));
    else if (kind === "event") this.events.add(Number(number));
    else throw new Error(`the writer said "${line}"`);
  }
}

function startWriter(name: string, acknowledged: Acknowledged) {
  // A writer that starts again repeats its last round: what was stored without an answer must not come twice.
  const first = Math.max(0, acknowledged.events.size - 1);
  const child = spawn(process.execPath, [appender, folder, name, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const exited = new Promise((resolve) => child.on("close", resolve));
  let rest = "";
  let lines = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines += parts.length;
    for (const line of parts) acknowledged.note(line);
  });
  return {
    atLeast: (count: number) => expect.poll(() => lines, { timeout: 30_000 }).toBeGreaterThanOrEqual(count),
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
