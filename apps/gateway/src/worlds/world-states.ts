import type { WorldState, WorldStates } from "../events/snapshots.ts";
import type { WorldClient } from "./world-client.ts";

/** Snapshots out of WorldService's own answers. */
export class ProxiedWorldStates implements WorldStates {
  readonly #client: WorldClient;
  readonly #nextId: () => string;

  constructor(client: WorldClient, nextId: () => string) {
    this.#client = client;
    this.#nextId = nextId;
  }

  /** Everything an order gate opens on: the phase and epoch of the world, and one item per strategy and side. */
  async activation(worldId: string): Promise<WorldState | undefined> {
    const state = await this.#get(`/worlds/${encodeURIComponent(worldId)}/order-state`);
    if (state === "gone") return gone;
    if (state === undefined || typeof state["state_hash"] !== "string") return undefined;
    const { entries, state_hash: stateHash, sequence, ...world } = state;
    const items = [
      { world_id: worldId, ...world },
      ...objectsOf(entries).map((entry) => ({ world_id: worldId, ...entry })),
    ];
    return { stateHash, sequence: countOf(sequence), items };
  }

  async policy(worldId: string): Promise<WorldState | undefined> {
    const state = await this.#get(`/worlds/${encodeURIComponent(worldId)}/policy/state_hash`);
    if (state === "gone") return gone;
    if (state === undefined || typeof state["state_hash"] !== "string") return undefined;
    const { state_hash: stateHash, sequence, ...rest } = state;
    return { stateHash, sequence: countOf(sequence), items: [{ world_id: worldId, state_hash: stateHash, ...rest }] };
  }

  async #get(path: string): Promise<Readonly<Record<string, unknown>> | "gone" | undefined> {
    try {
      const asking = { principal: undefined, correlationId: this.#nextId() };
      const { status, body } = await this.#client.forward({ method: "GET", path, headers: {} }, asking);
      if (status === 404) return "gone";
      return status === 200 ? objectsOf([JSON.parse(body)])[0] : undefined;
    } catch {
      return undefined;
    }
  }
}

/** A world that is not there has no state, and nothing in it is open. */
const gone: WorldState = { stateHash: "", sequence: 0, items: [] };

function objectsOf(values: unknown): Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(values)) return [];
  return values.filter(
    (value): value is Readonly<Record<string, unknown>> =>
      typeof value === "object" && value !== null && !Array.isArray(value),
  );
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
