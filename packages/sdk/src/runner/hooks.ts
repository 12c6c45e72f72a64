import { QmtlError } from "@qmtl/core";
import { strategyName, type Strategy } from "../strategy/strategy.ts";

/** Waits for a hook of a strategy. @throws QmtlError `HOOK_FAILED` naming the strategy and the hook */
export async function callHook(strategy: Strategy, hook: string, call: () => void | Promise<void>): Promise<void> {
  try {
    await call();
  } catch (cause) {
    throw hookFailed(strategy, hook, cause);
  }
}

/** Tells every strategy that the run failed; its own error is what the run is left with, unless a hook fails too. */
export async function reportFailure(strategies: readonly Strategy[], error: unknown): Promise<void> {
  let failure: { readonly strategy: Strategy; readonly cause: unknown } | undefined;
  for (const strategy of strategies) {
    try {
      await strategy.onError(error);
    } catch (cause) {
      failure ??= { strategy, cause };
    }
  }
  if (failure === undefined) return;
  const { message } = hookFailed(failure.strategy, "onError", failure.cause);
  throw new QmtlError("HOOK_FAILED", `${message}; the run had failed before: ${textOf(error)}`, { cause: error });
}

/** An error of a hook, as the run ends with it. What the product itself refused keeps its code. */
export function hookFailed(strategy: Strategy, hook: string, cause: unknown): QmtlError {
  if (cause instanceof QmtlError) return cause;
  return new QmtlError("HOOK_FAILED", `${hook}() of ${strategyName(strategy)} failed: ${textOf(cause)}`, {
    hint: "the cause of this error says where; on the command line, --debug shows it",
    cause,
  });
}

export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
