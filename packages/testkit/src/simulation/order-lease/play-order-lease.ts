import type { FaultPlan, Topology } from "../fault-plan.ts";
import { planFaults } from "../fault-plan.ts";
import { FaultySystem } from "../faulty-system.ts";
import { InvariantBroken } from "../seeds.ts";
import type { Mutant } from "./mutants.ts";
import { Oracle } from "./oracle.ts";
import { SimulatedHolder } from "./simulated-holder.ts";
import { SimulatedWorld } from "./simulated-world.ts";

const holderNames = ["h0", "h1", "h2"] as const;
const healAtMs = 9_000;
const healedMs = 9_000;

const topology: Topology = {
  links: holderNames.flatMap((name): [string, string][] => [
    ["world", name],
    [name, "world"],
  ]),
  processes: [
    { name: "world", points: ["begin", "committed", "published"], writes: true },
    // A holder's clock runs up to 2 % slower than the service's, which is what the margin is for; or faster.
    ...holderNames.map((name) => ({ name, rates: [1 / 1.02, 1.02] as const })),
  ],
  requests: { apply: 1.9, fail: 0.4, kill: 0.3, revive: 0.3, "kill h0": 0.2, "revive h0": 0.3, change: 2 },
};

/** What happens in the run of a seed. */
export function planOrderLease(seed: number): FaultPlan {
  return planFaults(seed, topology, { healAtMs, faultsMax: 12 });
}

export interface OrderLeaseRun {
  readonly broken: InvariantBroken | undefined;
  /** How many orders left, and how many freezes were complete: a run in which nothing happens proves nothing. */
  readonly ordersLeft: number;
  readonly freezes: number;
  /** Equal for equal runs. */
  readonly trace: number;
}

/**
 * The order lease and the two-phase apply (safety §1, §2): the reducers of both sides on a network, clocks, processes and a
 * store that fail as the plan says. After everything that happens OG-1 to OG-8 and W-1 to W-3 are looked at by an oracle
 * that knows true time; after the heal the world has to serve an apply, and every holder to trade.
 */
export function playOrderLease(plan: FaultPlan, mutant: Mutant = {}): OrderLeaseRun {
  const system = new FaultySystem(plan);
  const oracle = new Oracle(system);
  const world = new SimulatedWorld(system, oracle, mutant);
  const holders = holderNames.map((name, index) => new SimulatedHolder(system, oracle, world, name, index, mutant));
  world.holders.push(...holders);
  oracle.watch(world, holders);

  const after = (): void => {
    for (const holder of holders) holder.probe();
  };
  try {
    system.runUntil(plan.healAtMs, after);
    // Whoever looks after the world opens what stays closed, and then asks for one more change.
    world.settle();
    for (const holder of holders) holder.settle();
    system.runUntil(plan.healAtMs + healedMs, after);
    oracle.checkConverged();
  } catch (error) {
    if (error instanceof InvariantBroken) return { broken: error, ...oracle.counts, trace: system.trace };
    throw error;
  }
  return { broken: undefined, ...oracle.counts, trace: system.trace };
}
