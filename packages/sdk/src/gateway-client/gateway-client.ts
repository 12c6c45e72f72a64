import { errorFromWire } from "@qmtl/contracts/errors";
import type {
  AppendAnswer,
  AppendRecords,
  EventSubscribe,
  EventSubscription,
  FillReport,
  NodeLeaseAnswer,
  NodeLeaseRequest,
  QueueDescriptor,
  QueuesByTag,
  ReadRecords,
  StrategyAck,
  StrategyStatus,
  StrategySubmit,
} from "@qmtl/contracts/gateway";
import { QmtlError, shown } from "@qmtl/core";

export interface GatewayClientOptions {
  /** Address of the Gateway without a path: "http://127.0.0.1:8000". */
  readonly url: string;
  /** Bearer token; a Gateway on this machine needs none. */
  readonly token?: string;
  /** How long one request may take. Default 2 s. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/**
 * The Gateway over HTTP. Requests fail with the Gateway's own code and words; when nobody answers, with
 * `DEPENDENCY_UNAVAILABLE`. Nothing is retried here: whoever asks knows what may be asked twice.
 */
export class GatewayClient {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  constructor(options: GatewayClientOptions) {
    if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol)) {
      throw new QmtlError("USAGE", `gatewayUrl must be an http address; found ${shown(options.url)}`, {
        hint: 'for example "http://127.0.0.1:8000"',
      });
    }
    this.url = options.url.replace(/\/+$/, "");
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? 2_000;
    this.#fetch = options.fetch ?? fetch;
  }

  get token(): string | undefined {
    return this.#token;
  }

  submit(submission: StrategySubmit, idempotencyKey: string, signal?: AbortSignal): Promise<StrategyAck> {
    const headers = { "idempotency-key": idempotencyKey };
    return this.call("POST", "/strategies", { body: submission, headers, signal });
  }

  dryRun(submission: StrategySubmit): Promise<StrategyAck> {
    return this.call("POST", "/strategies/dry-run", { body: submission });
  }

  status(strategyId: string): Promise<StrategyStatus> {
    return this.call("GET", `/strategies/${encodeURIComponent(strategyId)}/status`);
  }

  async queuesByTag(query: {
    readonly tags: readonly string[];
    readonly intervalSeconds: number;
    readonly matchMode?: "any" | "all";
    readonly worldId?: string;
    readonly executionDomain?: string;
  }): Promise<readonly QueueDescriptor[]> {
    const { tags, intervalSeconds, matchMode = "any", worldId, executionDomain } = query;
    const search = new URLSearchParams({
      tags: tags.join(","),
      interval: String(intervalSeconds),
      match_mode: matchMode,
    });
    if (worldId !== undefined) search.set("world_id", worldId);
    if (executionDomain !== undefined) search.set("execution_domain", executionDomain);
    const { queues } = await this.call<QueuesByTag>("GET", `/queues/by_tag?${search.toString()}`);
    return queues;
  }

  subscribe(request: EventSubscribe, signal?: AbortSignal): Promise<EventSubscription> {
    return this.call("POST", "/events/subscribe", { body: request, signal });
  }

  /** Anything below /worlds: the WorldService's own answer, passed on. */
  world<T>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    worldId: string,
    path: string,
    request: { readonly body?: unknown; readonly signal?: AbortSignal; readonly headers?: Record<string, string> } = {},
  ): Promise<T> {
    return this.call<T>(method, `/worlds/${encodeURIComponent(worldId)}${path}`, request);
  }

  async reportFill(fill: FillReport, idempotencyKey: string): Promise<void> {
    const id = `fill:${idempotencyKey}`;
    const body = {
      specversion: "1.0",
      id,
      source: "qmtl.sdk",
      type: "trade.fill",
      time: new Date(fill.fill_time ?? 0).toISOString(),
      datacontenttype: "application/json",
      data: fill,
    };
    await this.call("POST", "/fills", { body });
  }

  nodeLease(request: NodeLeaseRequest): Promise<NodeLeaseAnswer> {
    return this.call("POST", "/leases/nodes", { body: request });
  }

  appendRecords(topic: string, records: AppendRecords): Promise<AppendAnswer> {
    return this.call("POST", `/queues/${encodeURIComponent(topic)}/records`, { body: records });
  }

  /** Records from an offset on; waits up to `waitMs` for the first one. */
  readRecords(
    topic: string,
    fromOffset: number,
    options: { readonly limit?: number; readonly waitMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<ReadRecords> {
    const { limit = 500, waitMs = 0, signal } = options;
    const search = new URLSearchParams({ from: String(fromOffset), limit: String(limit), wait_ms: String(waitMs) });
    const path = `/queues/${encodeURIComponent(topic)}/records?${search.toString()}`;
    return this.call("GET", path, { signal, timeoutMs: this.#timeoutMs + waitMs });
  }

  /** Any route, with its answer as it is. @throws QmtlError what the Gateway answers; `DEPENDENCY_UNAVAILABLE` */
  async call<T>(
    method: string,
    path: string,
    request: {
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
      readonly signal?: AbortSignal | undefined;
      readonly timeoutMs?: number;
    } = {},
  ): Promise<T> {
    return (await this.#send(method, path, request)).answer as T;
  }

  /** The etag of what a route shows: what a change of it is based on. */
  async etagOf(path: string): Promise<string> {
    return (await this.#send("GET", path, {})).etag ?? "";
  }

  async #send(
    method: string,
    path: string,
    request: {
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
      readonly signal?: AbortSignal | undefined;
      readonly timeoutMs?: number;
    },
  ): Promise<{ readonly answer: unknown; readonly etag: string | null }> {
    const { body, headers, signal, timeoutMs = this.#timeoutMs } = request;
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(this.url + path, {
        method,
        headers: {
          accept: "application/json",
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      text = await response.text();
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      const why = timeout.aborted ? `did not answer within ${timeoutMs} ms` : "cannot be reached";
      throw new QmtlError("DEPENDENCY_UNAVAILABLE", `the gateway at ${this.url} ${why}`, {
        details: { method, path },
        hint: "start it with qmtl up, or check gatewayUrl",
        cause,
      });
    }
    const answer = parsed(text);
    if (!response.ok) throw errorFromWire("the gateway", response.status, answer);
    if (text !== "" && answer === undefined) {
      throw new QmtlError("DEPENDENCY_FAILED", `the gateway at ${this.url} answered with something that is not JSON`, {
        details: { method, path, status: response.status },
        hint: "check that gatewayUrl is the address of a gateway",
      });
    }
    return { answer, etag: response.headers.get("etag") };
  }
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
