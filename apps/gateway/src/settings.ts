import { retryLimits, type RetryLimits } from "./submission/life-cycle.ts";
import { workerLimits, type WorkerLimits } from "./submission/worker.ts";

/** What a Gateway can be told. Times are milliseconds. */
export interface GatewaySettings {
  readonly insertSentinel: boolean;
  /** Ask for `X-Allow-Live: true` where live trading may start. It confirms; it grants nothing. */
  readonly enforceLiveGuard: boolean;
  readonly submissionBytesMax: number;
  /** How long a submission's answer is held back for its queue map. */
  readonly queueMapWaitMs: number;
  readonly dryRunMs: number;
  readonly waitersMax: number;
  readonly eventTokenMs: number;
  /** What one client of the event stream may send in a second. */
  readonly messagesPerSecondMax: number;
  /** Where clients open streams; undefined: where the request came to. */
  readonly streamUrl: string | undefined;
  readonly fallbackUrl: string | undefined;
  /** Key of the HMAC over fill webhooks; undefined: only tokens are taken. */
  readonly fillSecret: string | undefined;
  /** Further attempts of a call of WorldService that changes nothing. */
  readonly worldRetries: number;
  readonly breakerOpenMs: number;
  readonly probeEveryMs: number;
  readonly probeMs: number;
  readonly retries: RetryLimits;
  readonly worker: WorkerLimits;
}

export const defaultSettings: GatewaySettings = {
  insertSentinel: true,
  enforceLiveGuard: true,
  submissionBytesMax: 16_777_216,
  queueMapWaitMs: 100,
  dryRunMs: 1_000,
  waitersMax: 16,
  eventTokenMs: 300_000,
  messagesPerSecondMax: 50,
  streamUrl: undefined,
  fallbackUrl: undefined,
  fillSecret: undefined,
  worldRetries: 2,
  breakerOpenMs: 2_000,
  probeEveryMs: 5_000,
  probeMs: 1_000,
  retries: retryLimits,
  worker: workerLimits,
};
