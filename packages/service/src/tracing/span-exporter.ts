import type { Clock } from "@qmtl/core";
import type { Logger } from "../logging/index.ts";
import { otlpBody, type SpanRecord } from "./span-record.ts";

export interface SpanExporterOptions {
  /** Address of a collector's OTLP/HTTP receiver, or "console". */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fetch: typeof fetch;
}

const waitingMax = 4_096;
const batchMax = 512;
const pauseMs = 1_000;
const callMs = 5_000;

/** Sends ended spans in batches. What a collector does not take is lost and counted: work never waits for traces. */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  #waiting: SpanRecord[] = [];
  #lost = 0;
  #away = false;
  #cancelTimer: (() => void) | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  add(span: SpanRecord): void {
    if (this.#options.endpoint === "console") {
      const { context, name, startMs, endMs, attributes } = span;
      const durationMs = Math.round((endMs - startMs) * 1_000) / 1_000;
      this.#options.logger.info("span", { name, trace_id: context.traceId, duration_ms: durationMs, ...attributes });
      return;
    }
    if (this.#waiting.length >= waitingMax) {
      this.#lost++;
      return;
    }
    this.#waiting.push(span);
    this.#cancelTimer ??= this.#options.clock.after(pauseMs, () => void this.flush());
  }

  /** Sends what waits. Never rejects. */
  flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#sending = this.#sending.then(() => this.#sendAll());
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax);
      try {
        await this.#send(batch);
        if (this.#away) this.#options.logger.info("traces are taken again", { lost: this.#lost });
        this.#away = false;
      } catch (error) {
        this.#lost += batch.length;
        if (!this.#away) this.#options.logger.warn("traces are not taken", { endpoint: this.#options.endpoint, error });
        this.#away = true;
      }
    }
  }

  async #send(batch: readonly SpanRecord[]): Promise<void> {
    const response = await this.#options.fetch(tracesUrl(this.#options.endpoint), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(otlpBody(batch)),
      signal: AbortSignal.timeout(callMs),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`status ${response.status}`);
  }
}

/** `http://localhost:4318` → `http://localhost:4318/v1/traces`, as exporters do with the general endpoint. */
function tracesUrl(endpoint: string): string {
  return endpoint.endsWith("/v1/traces") ? endpoint : `${endpoint.replace(/\/$/, "")}/v1/traces`;
}
