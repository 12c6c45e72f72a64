import type { GatewayStatus } from "@qmtl/contracts/gateway";
import type { Metrics } from "@qmtl/service/metrics";
import type { WorldResponse } from "./world-client.ts";

const reasonsMax = 32;
const worldsMax = 1_000;

/** Counts the leases that let orders out, and why they were refused. */
export class PretradeCounts {
  readonly #attempts;
  readonly #rejections;
  readonly #ratio;
  #total = 0;
  #refused = 0;
  readonly #byReason = new Map<string, number>();
  readonly #byWorld = new Map<string, { total: number; refused: number }>();

  constructor(metrics: Metrics) {
    this.#attempts = metrics.counter("gw_pretrade_attempts_total", "order leases asked for", ["world_id"]);
    this.#rejections = metrics.counter("gw_pretrade_rejections_total", "order leases refused", ["world_id", "reason"]);
    this.#ratio = metrics.gauge("gw_pretrade_rejection_ratio", "share of order leases refused", ["world_id"]);
  }

  /** Takes WorldService's answer to `POST /worlds/{id}/lease`. */
  answered(worldId: string, { status, body }: WorldResponse): void {
    const reason = refusalIn(status, body);
    this.#total++;
    this.#attempts.increment({ world_id: worldId });
    if (reason !== undefined) {
      this.#refused++;
      const known = this.#byReason.has(reason) || this.#byReason.size < reasonsMax ? reason : "unknown";
      this.#byReason.set(known, (this.#byReason.get(known) ?? 0) + 1);
      this.#rejections.increment({ world_id: worldId, reason: known });
    }
    const ofWorld = this.#byWorld.get(worldId) ?? { total: 0, refused: 0 };
    if (!this.#byWorld.has(worldId) && this.#byWorld.size >= worldsMax) return;
    this.#byWorld.set(worldId, ofWorld);
    ofWorld.total++;
    ofWorld.refused += reason === undefined ? 0 : 1;
    this.#ratio.set(ofWorld.refused / ofWorld.total, { world_id: worldId });
  }

  get state(): GatewayStatus["pretrade"] {
    const ratio = this.#total === 0 ? 0 : this.#refused / this.#total;
    return { attempts: this.#total, rejections: Object.fromEntries(this.#byReason), ratio };
  }
}

function refusalIn(status: number, body: string): string | undefined {
  try {
    const { granted, reason } = JSON.parse(body) as { granted?: unknown; reason?: unknown };
    if (status === 200 && granted === true) return undefined;
    if (typeof reason === "string" && reason !== "") return reason.slice(0, 64);
  } catch {
    // No answer of a WorldService: the status has to do.
  }
  // A world that is not there lets nobody trade; whatever else is not known.
  return status === 404 ? "activation_unknown" : "unknown";
}
