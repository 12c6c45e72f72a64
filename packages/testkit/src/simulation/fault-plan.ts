import { seededRandom, type Random } from "@qmtl/core";

interface Span {
  /** True time of the simulation, from its start. */
  readonly atMs: number;
  readonly forMs: number;
}

interface Link {
  readonly from: string;
  readonly to: string;
}

/** One thing that happens to a simulated system: what goes wrong, and what is asked of it. Data, so that it can be printed and left out. */
export type Fault =
  /** A share of the messages of a link does not arrive, or arrives twice. */
  | ({ readonly kind: "loss" | "duplication"; readonly share: number } & Link & Span)
  /** Messages take up to so much longer, each for itself: they overtake each other. */
  | ({ readonly kind: "delay"; readonly upToMs: number } & Link & Span)
  /** Nothing arrives, one way. */
  | ({ readonly kind: "cut" } & Link & Span)
  /** The process stands still (SIGSTOP) while its clocks go on. */
  | ({ readonly kind: "pause" | "crash"; readonly process: string } & Span)
  /** The process ends the first time it comes to that point. */
  | ({ readonly kind: "crashAt"; readonly process: string; readonly point: string } & Span)
  /** The next write fails: it was not done, or it was done all the same. */
  | { readonly kind: "write"; readonly process: string; readonly atMs: number; readonly outcome: FailedWrite }
  /** Every connection of the process breaks. */
  | { readonly kind: "reset"; readonly process: string; readonly atMs: number }
  /** Monotonic milliseconds per true one. */
  | { readonly kind: "drift"; readonly process: string; readonly rate: number }
  | { readonly kind: "jump"; readonly process: string; readonly atMs: number; readonly byMs: number }
  | { readonly kind: "request"; readonly name: string; readonly atMs: number };

export type FailedWrite = "not done" | "done but told it failed";

/** What happens to a system in one run. Equal plans make equal runs. */
export interface FaultPlan {
  readonly seed: number;
  /** Faults end here; from then on everything has to come right again. */
  readonly healAtMs: number;
  readonly faults: readonly Fault[];
}

/** What there is to break. */
export interface Topology {
  readonly links: readonly (readonly [from: string, to: string])[];
  readonly processes: readonly {
    readonly name: string;
    /** Moments at which it can end. */
    readonly points?: readonly string[];
    readonly writes?: boolean;
    /** Range of its clock's rate; absent: it is the clock the others are compared with. */
    readonly rates?: readonly [min: number, max: number];
  }[];
  /** What users ask for, and how often in a run. */
  readonly requests: Readonly<Record<string, number>>;
}

/** A plan from a seed: some faults of every kind the topology allows, spread over the time before the heal. */
export function planFaults(
  seed: number,
  topology: Topology,
  {
    healAtMs,
    faultsMax,
    startMs = 0,
  }: { readonly healAtMs: number; readonly faultsMax: number; readonly startMs?: number },
): FaultPlan {
  const random = seededRandom(seed);
  const faults: Fault[] = [];
  for (const [name, often] of Object.entries(topology.requests)) {
    // At least the whole part; the rest is chance.
    const count = Math.floor(often + random.uniform());
    for (let each = 0; each < count; each++)
      faults.push({ kind: "request", name, atMs: instant(random, startMs, healAtMs) });
  }
  for (const { name, rates } of topology.processes) {
    if (rates !== undefined) faults.push({ kind: "drift", process: name, rate: rateIn(random, rates) });
  }
  const count = random.integer(faultsMax + 1);
  for (let each = 0; each < count; each++) faults.push(anyFault(random, topology, startMs, healAtMs));
  return { seed, healAtMs, faults };
}

// The ends of the range are where mistakes show.
function rateIn(random: Random, [min, max]: readonly [number, number]): number {
  const draw = random.integer(4);
  return draw === 0 ? min : draw === 1 ? max : min + (max - min) * random.uniform();
}

function anyFault(random: Random, { links, processes }: Topology, startMs: number, healAtMs: number): Fault {
  const atMs = instant(random, startMs, healAtMs);
  const span = (longestMs: number): Span => ({
    atMs,
    forMs: Math.min(healAtMs - atMs, Math.ceil(longestMs * random.uniform())),
  });
  const [from, to] = links[random.integer(links.length)]!;
  const { name, points = [], writes = false } = processes[random.integer(processes.length)]!;
  switch (random.integer(11)) {
    case 0:
      return { kind: "loss", from, to, ...span(4_000), share: 0.1 + 0.9 * random.uniform() };
    case 1:
      return { kind: "duplication", from, to, ...span(4_000), share: 0.5 };
    case 2:
    case 3:
      return { kind: "delay", from, to, ...span(5_000), upToMs: 100 + random.integer(4_000) };
    case 4:
    case 5:
      return { kind: "cut", from, to, ...span(6_000) };
    case 6:
      return { kind: "pause", process: name, ...span(5_000) };
    case 7:
      return points.length === 0
        ? { kind: "crash", process: name, ...span(2_000) }
        : { kind: "crashAt", process: name, point: points[random.integer(points.length)]!, ...span(2_000) };
    case 8:
      return { kind: "jump", process: name, atMs, byMs: random.integer(20_000) - 10_000 };
    case 9:
      return writes
        ? {
            kind: "write",
            process: name,
            atMs,
            outcome: random.integer(2) === 0 ? "not done" : "done but told it failed",
          }
        : { kind: "reset", process: name, atMs };
    default:
      return { kind: "crash", process: name, ...span(2_000) };
  }
}

function instant(random: Random, startMs: number, healAtMs: number): number {
  return startMs + random.integer(healAtMs - startMs);
}

/** A plan as lines to read: what happens, in the order in which it does. */
export function describePlan({ seed, healAtMs, faults }: FaultPlan): string {
  const lines = faults
    .toSorted((a, b) => startOf(a) - startOf(b))
    .map((fault) => `  ${String(startOf(fault)).padStart(6)} ms  ${inWords(fault)}`);
  return [`seed ${seed}: ${faults.length} things happen, faults end at ${healAtMs} ms`, ...lines].join("\n");
}

function startOf(fault: Fault): number {
  return fault.kind === "drift" ? 0 : fault.atMs;
}

function inWords(fault: Fault): string {
  switch (fault.kind) {
    case "loss":
    case "duplication":
      return `${fault.kind} of ${(fault.share * 100).toFixed(0)} % from ${fault.from} to ${fault.to} for ${fault.forMs} ms`;
    case "delay":
      return `up to ${fault.upToMs} ms delay from ${fault.from} to ${fault.to} for ${fault.forMs} ms`;
    case "cut":
      return `nothing gets from ${fault.from} to ${fault.to} for ${fault.forMs} ms`;
    case "pause":
      return `${fault.process} stands still for ${fault.forMs} ms`;
    case "crash":
      return `${fault.process} ends and is back after ${fault.forMs} ms`;
    case "crashAt":
      return `${fault.process} ends when it comes to "${fault.point}", and is back after ${fault.forMs} ms`;
    case "write":
      return `the next write of ${fault.process} fails: ${fault.outcome}`;
    case "reset":
      return `connections of ${fault.process} break`;
    case "drift":
      return `the clock of ${fault.process} runs at ${fault.rate.toFixed(4)}`;
    case "jump":
      return `the wall clock of ${fault.process} jumps by ${fault.byMs} ms`;
    case "request":
      return `request: ${fault.name}`;
  }
}
