import { FaultySystem, InvariantBroken, type FaultPlan } from "../../../packages/testkit/src/simulation/index.ts";
import { settled } from "../services/settle.ts";
import type { SharingMutant } from "./mutants.ts";
import { SharingOracle } from "./oracle.ts";
import { sharedStrategy } from "./shared-strategy.ts";
import { SimulatedPlane } from "./simulated-plane.ts";
import { lastBucketMs, lastRowCloseMs, SimulatedRunner } from "./simulated-runner.ts";
import { endMs, runnerNames } from "./topology.ts";

export interface SharingRun {
  readonly broken: InvariantBroken | undefined;
  readonly rows: number;
  readonly takeovers: number;
  readonly revisions: number;
  readonly trace: number;
}

const strategies = runnerNames.map((_, index) => sharedStrategy(2 + index));

/**
 * Runners that share two nodes, as they are shipped, over the Gateway's data plane and its queues, on simulated clocks,
 * network and crashes: one output for each bucket, without a gap and equal to what a batch run makes, tokens that
 * only rise, no second content without an alarm, and that all runners come to the end of the feed after the
 * heal.
 */
export async function playSharing(plan: FaultPlan, mutant: SharingMutant = {}): Promise<SharingRun> {
  const system = new FaultySystem(plan);
  const oracle = new SharingOracle(system);
  const addresses = [...strategies[0]!.addresses.values()];
  const topics = addresses.map(({ topic }) => topic);
  const plane = await SimulatedPlane.open(system, oracle, mutant, topics);
  const runners = runnerNames.map(
    (name, index) => new SimulatedRunner({ system, oracle, mutant, plane, name, strategy: strategies[index]! }),
  );
  system.onRequest("diverge", () => runners[Math.floor(runners.length * system.draw(30))]!.diverge());
  try {
    await system.runSettledUntil(endMs, settled, () => {
      oracle.look();
      if (oracle.broken !== undefined) throw oracle.broken;
    });
    runners.forEach(({ closedMs }, index) => {
      if (closedMs === lastRowCloseMs) return;
      oracle.violated("X-1", `${runnerNames[index]} stands at ${closedMs} of ${lastRowCloseMs} after the heal`);
    });
    for (const { key } of addresses) {
      const lastMs = oracle.lastOf(key);
      if (lastMs !== lastBucketMs)
        oracle.violated("X-1", `a queue ends at ${lastMs} of ${lastBucketMs} after the heal`);
    }
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
  } finally {
    await plane.close();
  }
  const { broken, rows, takeovers, revisions } = oracle;
  return { broken, rows, takeovers, revisions, trace: system.trace };
}
