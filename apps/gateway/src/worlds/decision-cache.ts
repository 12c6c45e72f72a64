/** A world's decision as WorldService answered it. */
export interface Decision {
  readonly body: Readonly<Record<string, unknown>>;
  readonly etag: string | null;
}

export interface CachedDecision extends Decision {
  /** Within its time to live: can be answered without asking again. */
  readonly fresh: boolean;
  /** What is left of its time to live, ms; 0 when that is over. */
  readonly freshForMs: number;
}

interface Entry extends Decision {
  readonly freshUntilMs: number; // monotonic
  readonly storedMs: number;
}

/** A decision whose envelope does not say how long it holds, holds so long. */
const decisionTtlMsDefault = 300_000;

/**
 * Decisions by world (and dataset time, which is another question). What is past its time is kept only so that it can
 * be shown marked as stale: it never opens anything.
 */
export class DecisionCache {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Map<string, Entry>>(); // world, then as_of
  #count = 0;

  constructor(entriesMax = 10_000) {
    this.#entriesMax = entriesMax;
  }

  get(worldId: string, asOf: string, nowMs: number): CachedDecision | undefined {
    const entry = this.#entries.get(worldId)?.get(asOf);
    if (entry === undefined) return undefined;
    const freshForMs = Math.max(0, entry.freshUntilMs - nowMs);
    return { body: entry.body, etag: entry.etag, fresh: freshForMs > 0, freshForMs };
  }

  /** Keeps an answer; one that says it may not be kept replaces nothing and goes away. */
  put(worldId: string, asOf: string, decision: Decision, cacheControl: string | null, nowMs: number): void {
    this.#remove(worldId, asOf);
    const ttlMs = decisionTtlMs(decision.body["ttl"], cacheControl);
    if (ttlMs === undefined) return;
    if (this.#count >= this.#entriesMax) this.forget(this.#entries.keys().next().value!);
    const ofWorld = this.#entries.get(worldId) ?? new Map<string, Entry>();
    this.#entries.set(worldId, ofWorld);
    ofWorld.set(asOf, { ...decision, freshUntilMs: nowMs + ttlMs, storedMs: nowMs });
    this.#count++;
  }

  /** After a 304: the same decision holds anew. */
  renew(worldId: string, asOf: string, cacheControl: string | null, nowMs: number): void {
    const entry = this.#entries.get(worldId)?.get(asOf);
    if (entry !== undefined) this.put(worldId, asOf, entry, cacheControl, nowMs);
  }

  /** An event says that the world's policy or activation has changed: nothing that was known of it is fresh. */
  expire(worldId: string): void {
    const ofWorld = this.#entries.get(worldId);
    for (const [asOf, entry] of ofWorld ?? []) ofWorld!.set(asOf, { ...entry, freshUntilMs: -Infinity });
  }

  /** The world is gone. */
  forget(worldId: string): void {
    this.#count -= this.#entries.get(worldId)?.size ?? 0;
    this.#entries.delete(worldId);
  }

  #remove(worldId: string, asOf: string): void {
    if (this.#entries.get(worldId)?.delete(asOf) === true) this.#count--;
  }
}

/**
 * How long a decision holds: `max-age` of the answer when it is above 0, else the envelope's `ttl` ("300s" or a number
 * of seconds), else five minutes. A ttl that is malformed or not above 0, and `no-store`, forbid to keep it.
 */
export function decisionTtlMs(ttl: unknown, cacheControl: string | null): number | undefined {
  const directives = (cacheControl ?? "").toLowerCase();
  if (/(^|[\s,])no-store\b/.test(directives)) return undefined;
  const maxAge = Number(/(?:^|[\s,])max-age=([0-9]{1,9})\b/.exec(directives)?.[1] ?? 0);
  if (maxAge > 0) return maxAge * 1_000;
  if (ttl === undefined || ttl === null) return decisionTtlMsDefault;
  const seconds = typeof ttl === "string" ? Number(/^([0-9]+(?:\.[0-9]+)?)s?$/.exec(ttl.trim())?.[1]) : ttl;
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}
