import { planFaults, type FaultPlan, type Topology } from "../../../packages/testkit/src/simulation/index.ts";

export const runnerNames = ["r0", "r1", "r2"] as const;
const healAtMs = 12_000;
export const endMs = healAtMs + 16_000;

const topology: Topology = {
  links: runnerNames.flatMap((name): [string, string][] => [
    [name, "gateway"],
    ["gateway", name],
  ]),
  processes: [
    { name: "gateway", points: ["append:begin", "append:done", "lease:done"], writes: true },
    ...runnerNames.map((name) => ({ name, points: ["split", "computed"], rates: [1 / 1.02, 1.02] as const })),
  ],
  // One runner in a while sees other rows than the rest: its inputs are not the same any more.
  requests: { diverge: 0.25 },
};

export function planSharing(seed: number): FaultPlan {
  return planFaults(seed, topology, { healAtMs, faultsMax: 10 });
}
