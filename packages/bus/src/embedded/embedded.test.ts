import { controlBusContract, dataLogContract, leasesContract } from "@qmtl/testkit/contracts";
import { syncAtOnce, VirtualClock } from "@qmtl/testkit/clock";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DivergenceAlarm } from "../data-log/index.ts";
import { openEmbeddedControlBus, openEmbeddedQueues } from "./index.ts";

const retry = { attemptsMax: 3, firstPauseMs: 20, longestPauseMs: 80 };

for (const where of ["memory", "a file"]) {
  controlBusContract(`the embedded bus in ${where}`, async () => {
    const { options, clock, remove } = await place(where);
    const bus = await openEmbeddedControlBus(options);
    return { bus, pass: (ms) => clock.advance(ms), close: () => bus.close().then(remove) };
  });

  dataLogContract(`the embedded log in ${where}`, async () => {
    const { options, clock, remove } = await place(where);
    const alarms: DivergenceAlarm[] = [];
    const queues = await openEmbeddedQueues({ ...options, onDivergence: (alarm) => void alarms.push(alarm) });
    const log = queues.dataLog;
    return { log, alarms, pass: (ms) => clock.advance(ms), close: () => queues.close().then(remove) };
  });

  leasesContract(`embedded leases in ${where}`, async () => {
    const { options, clock, remove } = await place(where);
    const queues = await openEmbeddedQueues(options);
    return { leases: queues.leases, pass: (ms) => clock.advance(ms), close: () => queues.close().then(remove) };
  });
}

let idsGiven = 0;
const ids = { next: () => `id-${++idsGiven}` };

async function place(where: string) {
  const clock = new VirtualClock();
  const folder = where === "memory" ? undefined : await mkdtemp(join(tmpdir(), "qmtl-bus-"));
  const path = folder === undefined ? ":memory:" : join(folder, "bus.db");
  const remove = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true });
  };
  return { options: { path, clock, ids, retry, syncFile: syncAtOnce }, clock, remove };
}
