import { sleep, type Clock } from "@qmtl/core";
import type { FillReport } from "@qmtl/contracts/gateway";
import type { Instrument } from "@qmtl/engine/instrument";
import type { GatewayClient } from "../gateway-client/index.ts";
import type { JournaledFill, RunJournal } from "../live/index.ts";

export interface FillReporterOptions {
  readonly journal: RunJournal;
  readonly client: GatewayClient;
  readonly clock: Clock;
  readonly worldId: string;
  readonly instruments: readonly Instrument[];
  /** Undefined until the Gateway has taken the strategy: fills wait in the journal. */
  strategyId(): string | undefined;
}

/**
 * Tells the Gateway of fills at least once: each stays in the journal as unreported until it was taken, and
 * carries what a repeat is recognised by. Never in the way of computing.
 */
export class FillReporter {
  readonly #options: FillReporterOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: FillReporterOptions) {
    this.#options = options;
  }

  /** There may be something to report. */
  wake(): void {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Gives what is left a last moment; what is not reported by then is reported when the run starts again. */
  async close(): Promise<void> {
    const cancel = this.#options.clock.after(lastMomentMs, () => this.#stop.abort());
    this.wake();
    await this.#running;
    cancel();
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { journal, clock } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 0; !signal.aborted && this.#options.strategyId() !== undefined;) {
      const next = journal.unreportedFills(fillsAtOnce);
      if (next.length === 0) return;
      const outcomes = await Promise.allSettled(next.map((fill) => this.#report(fill)));
      if (outcomes.every(({ status }) => status === "fulfilled")) attempt = 0;
      else await sleep(clock, Math.min(10_000, 200 * 2 ** Math.min(attempt++, 6)), signal).catch(() => undefined);
    }
  }

  async #report(journaled: JournaledFill): Promise<void> {
    const { journal, client } = this.#options;
    await client.reportFill(this.#reportOf(journaled), `${journaled.clientOrderId}:${journaled.fill.id}`);
    if (!this.#stop.signal.aborted) journal.markReported(journaled.fill.id);
  }

  #reportOf({ clientOrderId, fill }: JournaledFill): FillReport {
    const strategyId = this.#options.strategyId();
    return {
      order_id: clientOrderId,
      client_order_id: clientOrderId,
      symbol: this.#options.instruments[fill.instrument]!.symbol,
      side: fill.side,
      quantity: decimal(fill.quantity),
      price: decimal(fill.price),
      commission: decimal(fill.fee),
      slippage: decimal(fill.slippage),
      fill_time: fill.timeMs,
      status: "filled",
      seq: fill.id,
      world_id: this.#options.worldId,
      ...(strategyId !== undefined && { strategy_id: strategyId }),
    };
  }
}

const fillsAtOnce = 16;
const lastMomentMs = 2_000;

/** The shortest decimal text of a number, without an exponent. */
function decimal(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  return value.toFixed(20).replace(/\.?0+$/, "");
}
