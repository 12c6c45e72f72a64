import type { OfflineOptions } from "@qmtl/sdk/runner";
import type { TimeRange } from "../commands/request.ts";
import type { CommandContext } from "../shell/index.ts";

export interface OfflineWords extends TimeRange {
  /** Files by stream; the empty name stands for every stream. */
  readonly data: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The words that all commands on strategies share, as the runner takes them. */
export function offlineOptionsOf(words: OfflineWords, { signal }: CommandContext): OfflineOptions {
  const { data, params, startTimeMs, endTimeMs, allow } = words;
  const one = data[""];
  return {
    params,
    signal,
    ...(Object.keys(data).length > 0 && { data: one ?? data }),
    ...(startTimeMs !== undefined && { startTime: startTimeMs / 1_000 }),
    ...(endTimeMs !== undefined && { endTime: endTimeMs / 1_000 }),
    ...(allow.length > 0 && { load: { allow: allow as NonNullable<NonNullable<OfflineOptions["load"]>["allow"]> } }),
  };
}
