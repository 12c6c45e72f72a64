import { openEmbeddedControlBus, type ControlBus } from "@qmtl/bus";
import { activationUpdated, cloudEvent, eventSources } from "@qmtl/contracts/events";
import { systemClock, systemIds } from "@qmtl/service/edge";
import { join } from "node:path";
import { startControlPlane } from "../harness/control-plane.ts";
import { requireSame } from "../harness/equality.ts";
import { openEventStream, subscribe, type EventStream } from "../harness/event-streams.ts";
import type { Bench } from "../harness/row.ts";
import { sampleOf } from "../harness/timing.ts";

/** 2,000 activation events a second to 100 clients that read and 20 that do not; nobody who reads misses one. */
export const gatewayFanout: Bench = {
  name: "gateway-fanout",
  summary: "2,000 events a second to 100 sockets that read and 20 that are stuck",
  async run({ quick }) {
    const seconds = quick ? 2 : 10;
    return withStreams(120, async ({ streams, bus, memoryMb }) => {
      const [healthy, stuck] = [streams.slice(0, 100), streams.slice(100)];
      for (const stream of stuck) stream.stick();
      const before = healthy.map((stream) => stream.frames());
      const publishedMs: number[] = [];
      const startedMs = performance.now();
      const perTurn = 40;
      const turns = (seconds * 2_000) / perTurn;
      for (let turn = 0; turn < turns; turn++) {
        await until(startedMs + turn * 20);
        publishedMs.push(performance.now());
        await publish(bus, turn * perTurn + 1, perTurn);
      }
      const count = turns * perTurn;
      const arrived = () => healthy.every((stream, index) => stream.frames() - before[index]! >= count);
      const deadlineMs = performance.now() + 30_000;
      while (!arrived() && performance.now() < deadlineMs) await until(performance.now() + 5);
      healthy.forEach((stream, index) =>
        requireSame(`events of client ${index}`, stream.frames() - before[index]!, count),
      );
      requireSame("different streams", new Set(healthy.map((stream) => stream.payloadBytes())).size, 1);
      const lastMs = Math.max(...healthy.map((stream) => stream.lastMs()));
      return [
        {
          workload: "last of 2,000 events/s on 100 sockets, behind its publication",
          ours: sampleOf([lastMs - publishedMs.at(-1)!], "ms"),
          must: { atMost: 200 },
          note: `${count.toLocaleString("en")} events each, none missing; 20 stuck sockets beside them`,
        },
        {
          workload: "memory of the control plane in it",
          ours: sampleOf([await memoryMb()], "MB"),
          must: { atMost: 400 },
        },
      ];
    });
  },
};

/** One activation event to a thousand sockets: from its publication to each of them. */
export const gatewayActivation: Bench = {
  name: "gateway-activation",
  summary: "one activation event to 1,000 sockets: p95 over the sockets",
  async run({ rounds }) {
    return withStreams(1_000, async ({ streams, bus }) => {
      const p95: number[] = [];
      for (let round = 0; round < rounds + 2; round++) {
        const before = streams.map((stream) => stream.frames());
        const startedMs = performance.now();
        await publish(bus, round + 1, 1);
        while (streams.some((stream, index) => stream.frames() === before[index])) await until(performance.now() + 2);
        const delays = streams.map((stream) => stream.lastMs() - startedMs).toSorted((a, b) => a - b);
        if (round >= 2) p95.push(delays[Math.ceil(0.95 * delays.length) - 1]!);
        await until(performance.now() + 100);
      }
      return [
        { workload: "an activation at 1,000 sockets, p95 of them", ours: sampleOf(p95, "ms"), must: { atMost: 150 } },
      ];
    });
  },
};

const worldId = "bench";

async function withStreams<Rows>(
  count: number,
  run: (tools: { streams: EventStream[]; bus: ControlBus; memoryMb: () => Promise<number> }) => Promise<Rows>,
): Promise<Rows> {
  const plane = await startControlPlane();
  const bus = await openEmbeddedControlBus({
    path: join(plane.stateFolder, "bus.db"),
    clock: systemClock,
    ids: systemIds,
  });
  const streams: EventStream[] = [];
  try {
    for (let from = 0; from < count; from += 50) {
      const { stream_url, token } = await subscribe(plane.url, worldId, ["activation"]);
      streams.push(...(await Promise.all(Array.from({ length: 50 }, () => openEventStream(stream_url, token)))));
    }
    return await run({ streams: streams.slice(0, count), bus, memoryMb: plane.memoryMb });
  } finally {
    for (const stream of streams) stream.close();
    await bus.close();
    await plane.stop();
  }
}

async function publish(bus: ControlBus, from: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => {
    const sequence = from + index;
    const timeMs = systemClock.nowMs();
    const fields = {
      epoch: 1,
      sequence,
      etag: `act:${sequence}`,
      run_id: "",
      state_hash: "blake3:0",
      strategy_id: "bench",
    };
    const data = activationUpdated({
      world_id: worldId,
      ...fields,
      side: "long",
      active: true,
      weight: 0.5,
      tsMs: timeMs,
    });
    const envelope = { id: systemIds.next(), source: eventSources.worldService, type: "activation_updated", timeMs };
    return { key: worldId, sequence, event: cloudEvent({ ...envelope, data, correlationId: "bench" }) };
  });
  await bus.publish("control.activation", events);
}

function until(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())));
}
