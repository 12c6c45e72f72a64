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

/** Tells WorldService which strategies were submitted for its worlds, for as long as it takes. */
export class BindingDelivery {
  readonly #options: BindingDeliveryOptions;
  #stopped = true;
  #running: Promise<void> | undefined;
  #again = false;
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

  wake(): void {
    this.#again = true;
    if (this.#stopped || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#stopped) this.#cancel = this.#options.clock.after(this.#options.everyMs, () => this.wake());
    });
  }

  async #run(): Promise<void> {
    this.#cancel();
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
    const { database, client, clock, logger } = this.#options;
    const open = await database
      .selectFrom("world_bindings")
      .select(["world_id", "strategy_id"])
      .where("delivered_ms", "is", null)
      .orderBy("created_ms")
      .limit(batchMax)
      .execute();
    const byWorld = Map.groupBy(open, ({ world_id }) => world_id);
    for (const [worldId, bindings] of byWorld) {
      const strategies = bindings.map(({ strategy_id }) => strategy_id);
      const request = {
        method: "POST",
        path: `/worlds/${encodeURIComponent(worldId)}/bindings`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ strategies }),
      };
      const { status } = await client.forward(request, { principal: undefined, correlationId: `bind-${worldId}` });
      // Another world may do better. This one is asked again in its time: it may be made later.
      if (status >= 300) {
        logger.debug("a world does not take its bindings", { world_id: worldId, status });
        continue;
      }
      await database
        .updateTable("world_bindings")
        .set({ delivered_ms: clock.nowMs() })
        .where("world_id", "=", worldId)
        .where("strategy_id", "in", strategies)
        .execute();
      this.#again ||= open.length === batchMax;
    }
  }
}
