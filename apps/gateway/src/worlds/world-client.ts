import { QmtlError, type Clock, type Random } from "@qmtl/core";
import { CircuitBreaker, retry, type BreakerState } from "@qmtl/service/resilience";
import type { Authenticator, Principal } from "@qmtl/service/auth";
import type { DecisionReading } from "../submission/submission-context.ts";
import { ActivationCache, closedActivation, type ActivationBody } from "./activation-cache.ts";
import { DecisionCache } from "./decision-cache.ts";

export interface WorldRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WorldResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One exchange with WorldService. Rejects when there was no answer, in time or at all. */
export type WorldTransport = (request: WorldRequest) => Promise<WorldResponse>;

export interface WorldClientObserver {
  request(durationMs: number): void;
  cache(hit: boolean): void;
  stale(): void;
  breaker(state: BreakerState, failures: number): void;
}

export interface WorldClientOptions {
  readonly transport: WorldTransport;
  readonly auth: Authenticator;
  readonly clock: Clock;
  readonly random: Random;
  /** Further attempts of a call that changes nothing. */
  readonly retries: number;
  readonly retryFirstMs: number;
  readonly breakerOpenMs: number;
  readonly observer: WorldClientObserver;
}

export interface Asking {
  readonly principal: Principal | undefined; // undefined: the Gateway asks for itself
  readonly correlationId: string;
}

/** A decision or an activation for a client. `stale`: its owner did not answer, so it is shown closed. */
export interface WorldAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly etag: string | null;
  readonly cacheControl: string | null;
  readonly stale: boolean;
}

/** WorldService as seen from the Gateway: calls that give up in time, and what was last known. */
export class WorldClient {
  readonly #options: WorldClientOptions;
  readonly #breaker: CircuitBreaker;
  readonly #decisions = new DecisionCache();
  readonly #activations = new ActivationCache();
  /** Callers that ask the same thing at once share one call. */
  readonly #asking = new Map<string, Promise<WorldAnswer>>();

  constructor(options: WorldClientOptions) {
    this.#options = options;
    this.#breaker = new CircuitBreaker({
      name: "WorldService",
      clock: options.clock,
      openMs: options.breakerOpenMs,
      onChange: (state, failures) => options.observer.breaker(state, failures),
    });
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /**
   * Passes a request on; its status is whatever WorldService says.
   *
   * @throws QmtlError `DEPENDENCY_UNAVAILABLE`
   */
  async forward(request: WorldRequest, asking: Asking): Promise<WorldResponse> {
    const attemptsMax = request.method === "GET" ? 1 + this.#options.retries : 1;
    const { clock, random, retryFirstMs } = this.#options;
    const pauses = { firstPauseMs: retryFirstMs, pauseMsMax: 20 * retryFirstMs };
    try {
      return await retry(() => this.#breaker.call(() => this.#exchange(request, asking)), {
        clock,
        random,
        attemptsMax,
        ...pauses,
        worthIt: () => this.#breaker.state === "closed",
      });
    } catch (cause) {
      if (cause instanceof ServerFault) return cause.response;
      throw new QmtlError("DEPENDENCY_UNAVAILABLE", "WorldService unavailable", { cause });
    }
  }

  /**
   * A world's decision: the known one within its time, else WorldService's, else the known one marked as stale.
   *
   * @throws QmtlError `DEPENDENCY_UNAVAILABLE` when nothing is known
   */
  async decide(worldId: string, asOf: string, asking: Asking): Promise<WorldAnswer> {
    const known = this.#decisions.get(worldId, asOf, this.#now());
    this.#options.observer.cache(known?.fresh === true);
    if (known?.fresh === true) {
      // Whoever keeps it in turn must not keep it longer than this one may be kept.
      const cacheControl = `max-age=${Math.floor(known.freshForMs / 1_000)}`;
      return { status: 200, body: known.body, etag: known.etag, cacheControl, stale: false };
    }
    const key = `${worldId}\u0000${asOf}`;
    let pending = this.#asking.get(key);
    if (pending === undefined) {
      pending = this.#decideAnew(worldId, asOf, asking).finally(() => this.#asking.delete(key));
      this.#asking.set(key, pending);
    }
    return pending;
  }

  /** For submissions: what the decision allows, without ever failing. */
  async decisionReading(worldId: string, asOf: unknown, correlationId: string): Promise<DecisionReading> {
    try {
      const text = typeof asOf === "string" ? asOf : "";
      const answer = await this.decide(worldId, text, { principal: undefined, correlationId });
      if (answer.status !== 200) return { kind: "unavailable" };
      return { kind: answer.stale ? "stale" : "fresh", effectiveMode: answer.body["effective_mode"] };
    } catch {
      return { kind: "unavailable" };
    }
  }

  /** @throws QmtlError `DEPENDENCY_UNAVAILABLE` when nothing is known */
  async activation(worldId: string, strategyId: string, side: string, asking: Asking): Promise<WorldAnswer> {
    const known = this.#activations.get(worldId, strategyId, side);
    const query = new URLSearchParams({ strategy_id: strategyId, side }).toString();
    const path = `/worlds/${encodeURIComponent(worldId)}/activation?${query}`;
    const headers: Record<string, string> = known === undefined ? {} : { "if-none-match": known.etag };
    const response = await this.#ask({ method: "GET", path, headers }, asking);
    this.#options.observer.cache(response?.status === 304);
    if (response?.status === 304 && known !== undefined) {
      return { status: 200, body: known.body, etag: known.etag, cacheControl: null, stale: false };
    }
    if (response === undefined || response.status >= 500) {
      if (known === undefined) throw unavailable(response);
      this.#options.observer.stale();
      return { status: 200, body: closedActivation(known.body), etag: null, cacheControl: null, stale: true };
    }
    const body = bodyOf(response);
    const etag = response.headers["etag"] ?? null;
    if (response.status === 200 && etag !== null) this.#activations.put(worldId, strategyId, side, { body, etag });
    return {
      status: response.status,
      body,
      etag,
      cacheControl: response.headers["cache-control"] ?? null,
      stale: false,
    };
  }

  /** Something about the world has changed: what is known of it is not fresh any more. */
  invalidate(worldId: string): void {
    this.#decisions.expire(worldId);
  }

  forget(worldId: string): void {
    this.#decisions.forget(worldId);
    this.#activations.forget(worldId);
  }

  async #decideAnew(worldId: string, asOf: string, asking: Asking): Promise<WorldAnswer> {
    const query = asOf === "" ? "" : `?${new URLSearchParams({ as_of: asOf }).toString()}`;
    const path = `/worlds/${encodeURIComponent(worldId)}/decide${query}`;
    const before = this.#decisions.get(worldId, asOf, this.#now());
    const headers: Record<string, string> =
      before === undefined || before.etag === null ? {} : { "if-none-match": before.etag };
    const response = await this.#ask({ method: "GET", path, headers }, asking);
    if (response === undefined || response.status >= 500) return this.#staleDecision(worldId, asOf, response);
    const cacheControl = response.headers["cache-control"] ?? null;
    if (response.status === 304 && before !== undefined) {
      this.#decisions.renew(worldId, asOf, cacheControl, this.#now());
      return { status: 200, body: before.body, etag: before.etag, cacheControl, stale: false };
    }
    const body = bodyOf(response);
    const etag = response.headers["etag"] ?? null;
    if (response.status === 200) this.#decisions.put(worldId, asOf, { body, etag }, cacheControl, this.#now());
    if (response.status === 404) this.forget(worldId);
    return { status: response.status, body, etag, cacheControl, stale: false };
  }

  #staleDecision(worldId: string, asOf: string, response: WorldResponse | undefined): WorldAnswer {
    const known = this.#decisions.get(worldId, asOf, this.#now());
    if (known === undefined) throw unavailable(response);
    this.#options.observer.stale();
    const body = { ...known.body, effective_mode: "compute-only", reason: "stale_decision" };
    return { status: 200, body, etag: null, cacheControl: null, stale: true };
  }

  /** Undefined when nobody answered. */
  async #ask(request: WorldRequest, asking: Asking): Promise<WorldResponse | undefined> {
    try {
      return await this.forward(request, asking);
    } catch (error) {
      if (error instanceof QmtlError && error.code === "DEPENDENCY_UNAVAILABLE") return undefined;
      throw error;
    }
  }

  async #exchange(request: WorldRequest, { principal, correlationId }: Asking): Promise<WorldResponse> {
    const { auth, transport, clock, observer } = this.#options;
    const token = await auth.serviceToken("gateway", principal);
    const own = { authorization: `Bearer ${token}`, "x-correlation-id": correlationId };
    const startedMs = clock.monotonicMs();
    const response = await transport({ ...request, headers: { ...request.headers, ...own } });
    observer.request(clock.monotonicMs() - startedMs);
    if (response.status >= 500) throw new ServerFault(response);
    return response;
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}

/** An answer that counts as a failure of WorldService, and is still the answer when nothing better comes. */
class ServerFault extends Error {
  readonly response: WorldResponse;

  constructor(response: WorldResponse) {
    super(`WorldService answered ${response.status}`);
    this.response = response;
  }
}

function unavailable(response: WorldResponse | undefined): QmtlError {
  const found = response === undefined ? "it does not answer" : `it answered ${response.status}`;
  return new QmtlError(
    "DEPENDENCY_UNAVAILABLE",
    `WorldService unavailable: ${found}, and nothing is known from before`,
  );
}

function bodyOf({ body }: WorldResponse): ActivationBody {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as ActivationBody;
  } catch {
    // The answer of a proxy in between, or of something that is no WorldService.
  }
  throw new QmtlError("DEPENDENCY_FAILED", "WorldService answered something that is no JSON object");
}
