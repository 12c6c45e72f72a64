import type { Clock } from "@qmtl/core";
import type { Logger } from "@qmtl/service/logging";
import type { Kysely } from "kysely";
import type { GatewayTables } from "../store/tables.ts";
import type { WorldClient } from "./world-client.ts";

export interface BindingDeliveryOptions {
  readonly database: Kysely<GatewayTables>;
  readonly client: WorldClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly everyMs: number;
}

const batchMax = 100;
const gatherMs = 10;

/** Tells WorldService which strategies were submitted for its worlds, for as long as it takes. */
export class BindingDelivery {
  readonly #options: BindingDeliveryOptions;
  #stopped = true;
  #running: Promise<void> | undefined;
  #again = false;
  #isSoon = false;
  #cancel: () => void = () => {};

  constructor(options: BindingDeliveryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  /** There may be new ones. What comes within a moment is delivered together. */
  wake(): void {
    this.#again = true;
    if (this.#stopped || this.#running !== undefined || this.#isSoon) return;
    this.#isSoon = true;
    this.#cancel();
    this.#cancel = this.#options.clock.after(gatherMs, () => {
      this.#isSoon = false;
      this.#running = this.#run().finally(() => this.#rest());
    });
  }

  #rest(): void {
    this.#running = undefined;
    if (this.#again) this.wake();
    else if (!this.#stopped) this.#cancel = this.#options.clock.after(this.#options.everyMs, () => this.wake());
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#deliver();
      }
    } catch (error) {
      this.#options.logger.warn("bindings cannot be delivered", { error });
    }
  }

  async #deliver(): Promise<void> {
    const { database, client, clock, logger, everyMs } = this.#options;
    const open = await database
      .selectFrom("world_bindings")
      .select(["world_id", "strategy_id", "created_ms"])
      .where("next_ms", "<=", clock.nowMs())
      .orderBy("next_ms")
      .limit(batchMax)
      .execute();
    for (const [worldId, bindings] of Map.groupBy(open, ({ world_id }) => world_id)) {
      const strategies = bindings.map(({ strategy_id }) => strategy_id);
      const request = {
        method: "POST",
        path: `/worlds/${encodeURIComponent(worldId)}/bindings`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ strategies }),
      };
      const { status } = await client.forward(request, { principal: undefined, correlationId: `bind-${worldId}` });
      const isTaken = status < 300;
      if (!isTaken) logger.debug("a world does not take its bindings", { world_id: worldId, status });
      // A world that is not there may be made later: asked again, ever more rarely, and behind the others.
      const ageMs = clock.nowMs() - bindings[0]!.created_ms;
      await database
        .updateTable("world_bindings")
        .set({ next_ms: isTaken ? null : clock.nowMs() + Math.max(everyMs, Math.ceil(ageMs / 2)) })
        .where("world_id", "=", worldId)
        .where("strategy_id", "in", strategies)
        .execute();
    }
    this.#again ||= open.length === batchMax;
  }
}
