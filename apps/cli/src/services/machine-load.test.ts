import { expect, it } from "vitest";
import { machineLoad, type ProcessorTimes } from "./machine-load.ts";

const times = (busy: number, idle: number): ProcessorTimes => ({ user: busy, nice: 0, sys: 0, idle, irq: 0 });

it("says how busy all processors were since it was last asked for", () => {
  const readings = [
    [times(100, 900), times(500, 500)],
    [times(190, 910), times(500, 600)], // 90 of 100, and 0 of 100
    [times(290, 910), times(600, 600)], // both fully busy
    [times(290, 910), times(600, 600)], // no time has been counted since
    [times(290, 1_010), times(600, 700)],
  ];
  const load = machineLoad(() => readings.shift()!);
  expect([load(), load(), load(), load()]).toEqual([45, 100, 0, 0]);
});
