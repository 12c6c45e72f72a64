import { silentLogger } from "@qmtl/service/logging";
import { VirtualClock } from "@qmtl/testkit/clock";
import { expect, it } from "vitest";
import { degradeLevelOf, HealthMonitor, type Probes } from "./health-monitor.ts";

it.each([
  [0, 0, "NORMAL"],
  [1, 0, "PARTIAL"],
  [2, 0, "MINIMAL"],
  [0, 86, "MINIMAL"],
  [1, 85, "PARTIAL"],
  [3, 0, "STATIC"],
  [5, 0, "STATIC"],
  [0, 96, "STATIC"],
  [2, 96, "STATIC"],
])("%i down and %i %% CPU: %s", (down, cpu, level) => expect(degradeLevelOf(down, cpu)).toBe(level));

function monitor(probes: Probes) {
  const clock = new VirtualClock();
  const levels: string[] = [];
  const options = { probes, clock, logger: silentLogger, everyMs: 5_000, probeMs: 1_000 };
  return { clock, levels, health: new HealthMonitor({ ...options, onLevel: (level) => void levels.push(level) }) };
}

it("is fine without what is not configured (fault 24)", async () => {
  const { health } = monitor({ postgres: () => "ok" });
  expect(await health.health()).toEqual({
    status: "ok",
    postgres: "ok",
    redis: "none",
    bus: "none",
    dagmanager: "none",
    worldservice: "none",
  });
});

it("gives a probe that hangs, throws or says so for down, asking all at once", async () => {
  const { health, clock } = monitor({
    dagmanager: () => new Promise(() => {}),
    bus: () => Promise.reject(new Error("no")),
    worldservice: () => "open",
  });
  const asked = health.health();
  await clock.advance(1_000);
  expect(await asked).toMatchObject({ status: "degraded", dagmanager: "error", bus: "error", worldservice: "open" });
});

it("follows its dependencies down and up again", async () => {
  let dagmanager: "ok" | "error" = "ok";
  let world: "ok" | "open" = "ok";
  const { health, clock, levels } = monitor({ dagmanager: () => dagmanager, worldservice: () => world });
  await health.start();
  dagmanager = "error";
  await clock.advance(5_000);
  world = "open";
  await clock.advance(5_000);
  [dagmanager, world] = ["ok", "ok"];
  await clock.advance(5_000);
  expect(levels).toEqual(["NORMAL", "PARTIAL", "MINIMAL", "NORMAL"]);
  health.stop();
  await clock.advance(50_000);
  expect(levels).toHaveLength(4);
});
