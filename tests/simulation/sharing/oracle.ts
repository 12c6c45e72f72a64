import type { Appended, DivergenceAlarm, OutgoingRecord } from "../../../packages/bus/src/index.ts";
import { InvariantBroken, type FaultySystem } from "../../../packages/testkit/src/simulation/index.ts";
import { intervalMs, truth } from "./shared-strategy.ts";

interface Queue {
  /** Highest token of a row that was taken. */
  token: number;
  lastMs: number;
  readonly alarmed: Set<number>;
  readonly revised: Set<number>;
}

/** Judges what becomes of nodes, from outside: grants and rows as the Gateway has made them durable. */
export class SharingOracle {
  broken: InvariantBroken | undefined;
  takeovers = 0;
  revisions = 0;
  rows = 0;
  readonly #system: FaultySystem;
  readonly #tokens = new Map<string, number>();
  readonly #queues = new Map<string, Queue>();
  /** Some runner has other inputs: what is computed need not be the truth any more, but has to be one. */
  isHonest = true;

  constructor(system: FaultySystem) {
    this.#system = system;
  }

  violated(invariant: string, message: string): void {
    this.broken ??= new InvariantBroken(invariant, `${message}, at ${this.#system.nowMs.toFixed(1)} ms`);
  }

  granted(resource: string, token: number): void {
    const before = this.#tokens.get(resource) ?? 0;
    if (token <= before) this.violated("X-2", `token ${token} of ${short(resource)} follows ${before}`);
    this.#tokens.set(resource, token);
  }

  appended({ key, bucketMs, token, payload }: OutgoingRecord, { status }: Appended): void {
    if (status === "duplicate") return;
    const queue = this.#queueOf(key);
    if (token < queue.token) {
      this.violated("X-2", `a row of ${short(key)} was taken under token ${token} behind one under ${queue.token}`);
    }
    if (queue.token > 0 && token > queue.token) this.takeovers++;
    queue.token = token;
    if (status === "revised") {
      this.revisions++;
      queue.revised.add(bucketMs);
      if (this.isHonest) this.violated("X-1", `bucket ${bucketMs} of ${short(key)} has two outputs`);
      return;
    }
    this.rows++;
    if (queue.lastMs > Number.NEGATIVE_INFINITY && bucketMs !== queue.lastMs + intervalMs) {
      this.violated("X-1", `bucket ${bucketMs} of ${short(key)} follows ${queue.lastMs}`);
    }
    queue.lastMs = bucketMs;
    if (this.isHonest && payload !== truth.get(key)?.get(bucketMs)) {
      this.violated("X-1", `bucket ${bucketMs} of ${short(key)} is not what its inputs make of it`);
    }
  }

  alarmed({ key, bucketMs }: DivergenceAlarm): void {
    this.#queueOf(key).alarmed.add(bucketMs);
  }

  /** To be called after everything that happens, when all of it has come to rest. */
  look(): void {
    for (const [key, { alarmed, revised }] of this.#queues) {
      for (const bucketMs of revised) {
        if (alarmed.has(bucketMs)) continue;
        this.violated("X-3", `bucket ${bucketMs} of ${short(key)} has two contents, and nobody was told`);
      }
    }
  }

  lastOf(key: string): number {
    return this.#queueOf(key).lastMs;
  }

  #queueOf(key: string): Queue {
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { token: 0, lastMs: Number.NEGATIVE_INFINITY, alarmed: new Set(), revised: new Set() };
      this.#queues.set(key, queue);
    }
    return queue;
  }
}

function short(key: string): string {
  return key.slice(-8);
}
