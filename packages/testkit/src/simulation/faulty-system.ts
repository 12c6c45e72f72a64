import { assert, type Clock, type EpochMs } from "@qmtl/core";
import type { Fault, FaultPlan } from "./fault-plan.ts";
import { Timeline } from "./timeline.ts";

/** A write that failed, as its caller sees it: whether it was done all the same nobody tells him. */
export class WriteFailed extends Error {}

/** Unwinds whatever the process was in the middle of. */
class ProcessEnded extends Error {}

/**
 * Processes with clocks of their own and a network between them, on virtual time, to which a plan happens. Knows true
 * time, which none of the processes does.
 */
export class FaultySystem {
  readonly plan: FaultPlan;
  /** True time. */
  nowMs = 0;
  /** Changes with everything that happens: equal at the end exactly when two runs were equal, bit for bit. */
  trace = 0;
  readonly #timeline = new Timeline();
  readonly #processes = new Map<string, FaultyProcess>();
  readonly #links = new Map<string, { sent: number; readonly salt: number; readonly faults: readonly LinkFault[] }>();

  constructor(plan: FaultPlan) {
    this.plan = plan;
  }

  /**
   * @param start - called at the beginning of every life of the process, in which it knows nothing of the one before
   * @param reset - called when its connections break
   */
  process(name: string, start: () => void, reset: () => void = () => {}): FaultyProcess {
    const faults = this.plan.faults.filter((fault) => "process" in fault && fault.process === name);
    const process = new FaultyProcess(this, name, faults, start);
    this.#processes.set(name, process);
    for (const fault of faults) {
      if (fault.kind === "crash") this.at(fault.atMs, () => process.end(fault.forMs));
      if (fault.kind === "pause") this.at(fault.atMs, () => process.pause(fault.forMs));
      if (fault.kind === "jump") this.at(fault.atMs, () => process.jumpWall(fault.byMs));
      if (fault.kind === "reset") this.at(fault.atMs, () => process.run(process.life, reset));
    }
    this.at(0, () => process.start());
    return process;
  }

  /** Calls `ask` at every request of that name in the plan. */
  onRequest(name: string, ask: () => void): void {
    for (const fault of this.plan.faults) {
      if (fault.kind === "request" && fault.name === name) this.at(fault.atMs, ask);
    }
  }

  at(atMs: number, run: () => void): void {
    this.#timeline.add(Math.max(atMs, this.nowMs), run);
  }

  /**
   * A message: there after a moment, unless the plan says otherwise. Who is down when it comes never gets it; who stands
   * still gets it later.
   *
   * @param toLife - an answer on a connection of that life, which ends with it
   */
  send(from: FaultyProcess, to: FaultyProcess, deliver: () => void, toLife?: number): void {
    for (const delayMs of this.delaysOf(from, to)) {
      this.at(this.nowMs + delayMs, () => to.run(toLife ?? to.life, deliver));
    }
  }

  /** How long the next message of a link is under way: none when it is lost, two when it arrives twice. */
  delaysOf(from: FaultyProcess, to: FaultyProcess): readonly number[] {
    const link = this.#link(from.name, to.name);
    const draw = (purpose: number): number => uniform(this.plan.seed, link.salt, link.sent, purpose);
    link.sent++;
    let delayMs = 1 + 30 * draw(0);
    let copies = 1;
    for (const fault of link.faults) {
      if (this.nowMs < fault.atMs || this.nowMs >= fault.atMs + fault.forMs) continue;
      if (fault.kind === "cut" || (fault.kind === "loss" && draw(1) < fault.share)) return [];
      if (fault.kind === "duplication" && draw(2) < fault.share) copies = 2;
      if (fault.kind === "delay") delayMs += fault.upToMs * draw(3);
    }
    return copies === 1 ? [delayMs] : [delayMs, delayMs + 200 * draw(4)];
  }

  /** A number in [0, 1) that depends on the seed and on what it is for. */
  draw(...purpose: number[]): number {
    return uniform(this.plan.seed, ...purpose);
  }

  /** Lets time pass; `after` is called after everything that happens. */
  runUntil(endMs: number, after: () => void): void {
    for (;;) {
      const nextMs = this.#timeline.nextMs;
      if (nextMs === undefined || nextMs > endMs) break;
      this.nowMs = nextMs;
      this.trace = mixed(this.trace, nextMs * 1_000);
      this.#timeline.take()!.run();
      after();
    }
    this.nowMs = endMs;
  }

  /**
   * The same for processes that are made of promises.
   *
   * @param settle - resolves when all that one event has set off has come to rest
   */
  async runSettledUntil(endMs: number, settle: () => Promise<void>, after: () => void | Promise<void>): Promise<void> {
    for (;;) {
      const nextMs = this.#timeline.nextMs;
      if (nextMs === undefined || nextMs > endMs) break;
      this.nowMs = nextMs;
      this.trace = mixed(this.trace, nextMs * 1_000);
      this.#timeline.take()!.run();
      await settle();
      await after();
    }
    this.nowMs = endMs;
  }

  #link(from: string, to: string): { sent: number; readonly salt: number; readonly faults: readonly LinkFault[] } {
    const name = `${from} ${to}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      const faults = this.plan.faults.filter(
        (fault): fault is LinkFault => "from" in fault && fault.from === from && fault.to === to,
      );
      link = { sent: 0, salt: saltOf(name), faults };
      this.#links.set(name, link);
    }
    return link;
  }
}

type LinkFault = Extract<Fault, { readonly from: string }>;
type ProcessFault = Extract<Fault, { readonly process: string }>;

/** One process, with the clock it sees: drifting, jumping, never standing still with it. */
export class FaultyProcess implements Clock {
  readonly name: string;
  /** Counts its starts. */
  life = 0;
  isUp = false;
  /** Monotonic milliseconds per true one. */
  readonly rate: number;
  readonly #system: FaultySystem;
  readonly #start: () => void;
  readonly #pending: Set<ProcessFault>;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #wallOffsetMs = Date.UTC(2026, 0, 1);

  constructor(system: FaultySystem, name: string, faults: readonly Fault[], start: () => void) {
    this.name = name;
    this.#system = system;
    this.#start = start;
    this.#pending = new Set(faults.filter((fault) => fault.kind === "crashAt" || fault.kind === "write"));
    this.rate = faults.find((fault) => fault.kind === "drift")?.rate ?? 1;
  }

  nowMs(): EpochMs {
    return Math.floor(this.#wallOffsetMs + this.monotonicMs());
  }

  monotonicMs(): number {
    return this.#system.nowMs * this.rate;
  }

  after(delayMs: number, run: () => void): () => void {
    assert(delayMs >= 0, `a delay is not negative; found ${delayMs}`);
    const { life } = this;
    let cancelled = false;
    this.#system.at(this.#system.nowMs + delayMs / this.rate, () =>
      this.run(life, () => {
        if (!cancelled) run();
      }),
    );
    return () => void (cancelled = true);
  }

  /** Whether it can do anything now. */
  get isRunning(): boolean {
    return this.isUp && this.#system.nowMs >= this.#pausedUntilMs;
  }

  /** Runs something in it: now, or when it goes on; never in another life. */
  run(life: number, work: () => void): void {
    if (!this.isUp || this.life !== life) return;
    if (!this.isRunning) {
      this.#system.at(this.#pausedUntilMs, () => this.run(life, work));
      return;
    }
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProcessEnded)) throw error;
    }
  }

  start(): void {
    this.life += 1;
    this.isUp = true;
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
    this.run(this.life, this.#start);
  }

  end(forMs: number): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#system.at(this.#system.nowMs + forMs, () => this.start());
  }

  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#system.nowMs + forMs);
  }

  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Marks a point at which the plan may end the process. */
  reach(point: string): void {
    for (const fault of this.#pending) {
      if (fault.kind !== "crashAt" || fault.point !== point || !this.#isDue(fault)) continue;
      this.#pending.delete(fault);
      this.end(fault.forMs);
      throw new ProcessEnded(point);
    }
  }

  /** Does a write that the plan may let fail. @throws WriteFailed */
  write(commit: () => void): void {
    for (const fault of this.#pending) {
      if (fault.kind !== "write" || !this.#isDue(fault)) continue;
      this.#pending.delete(fault);
      if (fault.outcome === "done but told it failed") commit();
      throw new WriteFailed(fault.outcome);
    }
    commit();
  }

  #isDue({ atMs }: { readonly atMs: number }): boolean {
    const { nowMs, plan } = this.#system;
    return nowMs >= atMs && nowMs < plan.healAtMs;
  }
}

/** In [0, 1), from whole numbers (the finaliser of MurmurHash3). */
function uniform(...words: number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) hash = mixed(hash, word);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

function mixed(before: number, word: number): number {
  let hash = Math.imul(before ^ word, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function saltOf(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (Math.imul(hash, 31) + letter.codePointAt(0)!) | 0;
  return hash;
}
