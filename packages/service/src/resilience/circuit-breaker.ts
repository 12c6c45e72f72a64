import { QmtlError, type Clock } from "@qmtl/core";

export type BreakerState = "closed" | "open" | "half-open";

export interface CircuitBreakerOptions {
  /** What is called, for messages: "the WorldService". */
  readonly name: string;
  readonly clock: Clock;
  /** Failures in a row that open it. */
  readonly failuresMax?: number;
  /** How long it stays open before one call is let through to try. */
  readonly openMs?: number;
  /** Which errors count as failures of what is called. By default every error does. */
  readonly counts?: (error: unknown) => boolean;
  readonly onChange?: (state: BreakerState, failures: number) => void;
}

/**
 * Leaves a broken dependency alone: after some failures in a row calls fail at once, until a single trial call shows
 * that it answers again. The trial comes with time, by itself.
 */
export class CircuitBreaker {
  readonly #options: Required<CircuitBreakerOptions>;
  #failures = 0;
  #openedAtMs: number | undefined;
  #trial: { readonly startedMs: number } | undefined;

  constructor(options: CircuitBreakerOptions) {
    this.#options = { failuresMax: 3, openMs: 2_000, counts: () => true, onChange: () => {}, ...options };
  }

  get state(): BreakerState {
    if (this.#openedAtMs === undefined) return "closed";
    return this.#waitMs() > 0 ? "open" : "half-open";
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** @throws QmtlError `DEPENDENCY_UNAVAILABLE` while open; otherwise what the call throws */
  async call<Result>(run: () => Promise<Result>): Promise<Result> {
    const state = this.state;
    const nowMs = this.#options.clock.monotonicMs();
    // A trial that is not answered for as long as that must not keep others from trying: it may wait for very long.
    const isTried = this.#trial !== undefined && nowMs - this.#trial.startedMs < this.#options.openMs;
    if (state === "open" || (state === "half-open" && isTried)) throw this.#openError();
    const trial = state === "half-open" ? { startedMs: nowMs } : undefined;
    this.#trial = trial;
    const isTheTrial = (): boolean => trial !== undefined && this.#trial === trial;
    try {
      const result = await run();
      this.#close();
      return result;
    } catch (error) {
      if (this.#options.counts(error)) this.#fail(isTheTrial());
      else this.#close();
      throw error;
    } finally {
      if (isTheTrial()) this.#trial = undefined;
    }
  }

  #close(): void {
    const wasOpen = this.#openedAtMs !== undefined;
    this.#failures = 0;
    this.#openedAtMs = undefined;
    this.#trial = undefined;
    if (wasOpen) this.#options.onChange("closed", 0);
  }

  #fail(isTrial: boolean): void {
    this.#failures++;
    // A call that began before it opened says nothing new, and must not put off the next trial.
    if (this.#openedAtMs !== undefined && !isTrial) return;
    if (this.#failures < this.#options.failuresMax && !isTrial) return;
    this.#openedAtMs = this.#options.clock.monotonicMs();
    this.#options.onChange("open", this.#failures);
  }

  #waitMs(): number {
    return this.#openedAtMs === undefined
      ? 0
      : this.#openedAtMs + this.#options.openMs - this.#options.clock.monotonicMs();
  }

  #openError(): QmtlError {
    return new QmtlError("DEPENDENCY_UNAVAILABLE", `${this.#options.name} failed ${this.#failures} times in a row`, {
      details: { retry_after_ms: Math.max(1, Math.ceil(this.#waitMs())) },
    });
  }
}
