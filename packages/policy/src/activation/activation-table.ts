import { blake3Text, compareCodePoints, sortedAsciiJson } from "@qmtl/core";
import type { EffectiveMode } from "./effective-mode.ts";

export type ActivationSide = "long" | "short";

/** What a world lets one strategy do on one side, as it is stored: the phase of the world comes on top. */
export interface ActivationEntry {
  readonly strategyId: string;
  readonly side: ActivationSide;
  readonly active: boolean;
  /** Share of the strategy's full size, in [0, 1]. */
  readonly weight: number;
  readonly freeze: boolean;
  readonly drain: boolean;
  /** A ceiling below the world's own mode. */
  readonly effectiveMode: EffectiveMode | null;
}

export type ActivationTable = ReadonlyMap<ActivationKey, ActivationEntry>;
export type ActivationKey = `${ActivationSide} ${string}`;

export function activationKey(strategyId: string, side: ActivationSide): ActivationKey {
  return `${side} ${strategyId}`;
}

export function activationTable(entries: Iterable<ActivationEntry>): ActivationTable {
  const table = new Map<ActivationKey, ActivationEntry>();
  for (const entry of entries) table.set(activationKey(entry.strategyId, entry.side), entry);
  return table;
}

/** Freeze outranks drain, drain outranks active: an entry opens only if it says so and nothing closes it. */
export function activationOf(entry: ActivationEntry | undefined): "frozen" | "draining" | "active" | "inactive" {
  if (entry === undefined) return "inactive";
  if (entry.freeze !== false) return "frozen";
  if (entry.drain !== false) return "draining";
  return entry.active === true && entry.weight > 0 && entry.weight <= 1 ? "active" : "inactive";
}

/**
 * BLAKE3 over the entries in order of strategy and side: two tables have one hash exactly if they hold the same entries
 * (W-10). When and by whom an entry was written is no part of it.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE` for a weight that is not finite
 */
export function activationStateHash(table: ActivationTable): `blake3:${string}` {
  const rows = [...table.entries()]
    .toSorted(([a], [b]) => compareCodePoints(a, b))
    .map(([, entry]) => [
      entry.strategyId,
      entry.side,
      entry.active,
      // One spelling for 0 and -0.
      entry.weight + 0,
      entry.freeze,
      entry.drain,
      entry.effectiveMode,
    ]);
  return blake3Text(sortedAsciiJson(["qmtl/activation/1", rows]));
}
