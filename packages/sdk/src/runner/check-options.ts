import { nearestWord, QmtlError, shown } from "@qmtl/core";
import { optionalWord } from "../strategy/option-checks.ts";
import type { OfflineOptions } from "./options.ts";

export const offlineOptionNames: Readonly<Record<keyof OfflineOptions, true>> = {
  data: true,
  load: true,
  startTime: true,
  endTime: true,
  params: true,
  executor: true,
  broker: true,
  returnsBasis: true,
  trials: true,
  keep: true,
  seed: true,
  signal: true,
  onProgress: true,
};

/** Refuses options of a run that nobody reads: misspelt fees would be no fees. @throws QmtlError `PARAMETER_INVALID` */
export function checkRunOptions(options: OfflineOptions): void {
  const names = Object.keys(offlineOptionNames);
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(offlineOptionNames, key)) continue;
    const guess = nearestWord(key, names);
    throw new QmtlError("PARAMETER_INVALID", `a run has no option "${key}"; it has ${names.join(", ")}`, {
      ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
    });
  }
  optionalWord("executor", options.executor, ["batch", "stream"]);
  optionalWord("keep", options.keep, ["all", "none"]);
  optionalWord("returnsBasis", options.returnsBasis, ["1d", "bar"]);
  if (options.seed !== undefined && !Number.isSafeInteger(options.seed))
    throw new QmtlError("PARAMETER_INVALID", `seed must be a whole number; found ${shown(options.seed)}`);
}
