import type { Config } from "./schema.ts";

/** How long things may take, in milliseconds. Safety does not hang on any of them: leases have their own fixed times. */
export interface Budgets {
  /** One call to another service of this system. */
  readonly callMs: number;
  readonly worldServiceCallMs: number;
  /** The first and the longest pause between two attempts. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** How long a broken dependency is left alone before one call tries it again. */
  readonly breakerOpenMs: number;
  /** Between two looks at something that sends no events. */
  readonly pollMs: number;
  /** How long a part of a service may take to stop. */
  readonly stopMs: number;
}

/** The time budgets; `test.test_mode` shortens each. */
export function budgets({ gateway, test }: Pick<Config, "gateway" | "test">): Budgets {
  const worldServiceCallMs = Math.ceil(gateway.worldservice_timeout * 1_000);
  if (!test.test_mode) {
    return {
      callMs: 5_000,
      worldServiceCallMs,
      retryFirstMs: 100,
      retryMaxMs: 5_000,
      breakerOpenMs: 2_000,
      pollMs: 1_000,
      stopMs: 5_000,
    };
  }
  return {
    callMs: 1_000,
    worldServiceCallMs: Math.min(worldServiceCallMs, 300),
    retryFirstMs: 10,
    retryMaxMs: 200,
    breakerOpenMs: 200,
    pollMs: 50,
    stopMs: 1_000,
  };
}
