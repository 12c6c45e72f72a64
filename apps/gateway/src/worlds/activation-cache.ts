export type ActivationBody = Readonly<Record<string, unknown>>;

interface Entry {
  readonly body: ActivationBody;
  readonly etag: string;
}

/**
 * Last activation by world, strategy and side, kept for conditional requests. It is never an answer by itself: who
 * cannot ask WorldService gets `closedActivation`.
 */
export class ActivationCache {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Entry>();

  constructor(entriesMax = 20_000) {
    this.#entriesMax = entriesMax;
  }

  get(worldId: string, strategyId: string, side: string): Entry | undefined {
    return this.#entries.get(keyOf(worldId, strategyId, side));
  }

  put(worldId: string, strategyId: string, side: string, entry: Entry): void {
    const key = keyOf(worldId, strategyId, side);
    if (!this.#entries.delete(key) && this.#entries.size >= this.#entriesMax) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    this.#entries.set(key, entry);
  }

  forget(worldId: string): void {
    const prefix = keyOf(worldId, "", "").slice(0, -1);
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}

/** An activation nobody can vouch for any more: what it was, with everything that lets orders pass switched off. */
export function closedActivation(body: ActivationBody): ActivationBody {
  return { ...body, active: false, weight: 0, effective_mode: "compute-only" };
}

function keyOf(worldId: string, strategyId: string, side: string): string {
  return [worldId, strategyId, side].join("\u0000");
}
