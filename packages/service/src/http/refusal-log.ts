import type { Clock, QmtlError } from "@qmtl/core";
import type { LogFields, Logger } from "../logging/index.ts";

const quietMs = 60_000;
const kindsMax = 1_000;

interface Said {
  readonly atMs: number; // monotonic
  /** How often it came again since. */
  again: number;
}

/**
 * Requests that a service refuses because something it needs is away. Runners ask several times a second, so each kind of
 * refusal is one line a minute, with how often it came; no stack, for there is nothing to mend here.
 */
export class RefusalLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #said = new Map<string, Said>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  say(error: QmtlError, route: string, fields: LogFields): void {
    const kind = `${error.code} ${route} ${error.message}`;
    const nowMs = this.#clock.monotonicMs();
    const before = this.#said.get(kind);
    if (before !== undefined && nowMs - before.atMs < quietMs) {
      before.again++;
      return;
    }
    if (this.#said.size >= kindsMax) this.#said.clear();
    this.#said.set(kind, { atMs: nowMs, again: 0 });
    const cause = causeOf(error);
    this.#logger.warn(error.message, {
      ...fields,
      code: error.code,
      ...(cause !== undefined && { cause }),
      ...(before !== undefined && before.again > 0 && { suppressed: before.again }),
    });
  }
}

/** The innermost reason in words: "connect ECONNREFUSED 127.0.0.1:8080". */
function causeOf(error: Error): string | undefined {
  let innermost: unknown = error.cause;
  for (let depth = 0; depth < 8 && innermost instanceof Error && innermost.cause !== undefined; depth++) {
    innermost = innermost.cause;
  }
  return innermost instanceof Error ? innermost.message : undefined;
}
