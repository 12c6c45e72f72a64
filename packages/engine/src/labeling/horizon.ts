import { QmtlError, shown, type EpochMs } from "@qmtl/core";
import type { HorizonSpec } from "./barriers.ts";
import { estimateHalfLife } from "./half-life.ts";

export interface HorizonContext {
  readonly entryTimeMs: EpochMs;
  /** Length of one event (bar), where it is known: horizons are then durations. */
  readonly eventLengthMs?: number;
  /** Levels up to the entry, oldest first, for estimators. */
  readonly history?: ArrayLike<number>;
}

/** Chooses a horizon from what is known at entry. */
export type HorizonResolver = (context: HorizonContext) => HorizonSpec;

/** A fixed number of events. @throws QmtlError `PARAMETER_INVALID` */
export function eventCountHorizon(maxEvents: number): HorizonResolver {
  requireCount("maxEvents", maxEvents);
  return (context) => ({ maxBars: maxEvents, maxDurationMs: null, frozenAtMs: context.entryTimeMs });
}

export interface HalfLifeHorizonOptions {
  readonly multiplier?: number;
  readonly minEvents?: number;
  readonly maxEvents?: number;
  /** Half-life in events of the history; `estimateHalfLife` unless told. */
  readonly estimator?: (history: ArrayLike<number>) => number;
}

/**
 * Some half-lives of mean reversion: `ceil(half-life * multiplier)` events within bounds, as a duration when the length
 * of an event is known, else as bars.
 *
 * @throws QmtlError `PARAMETER_INVALID` here; `DATA_INVALID` from the resolver for a history that does not revert
 */
export function halfLifeHorizon(options: HalfLifeHorizonOptions = {}): HorizonResolver {
  const { multiplier = 1, minEvents = 1, maxEvents, estimator = estimateHalfLife } = options;
  if (!(Number.isFinite(multiplier) && multiplier > 0)) {
    throw new QmtlError("PARAMETER_INVALID", `multiplier must be above 0; found ${shown(multiplier)}`);
  }
  requireCount("minEvents", minEvents);
  if (maxEvents !== undefined && requireCount("maxEvents", maxEvents) < minEvents) {
    throw new QmtlError("PARAMETER_INVALID", `maxEvents must not be below minEvents ${minEvents}; found ${maxEvents}`);
  }
  return ({ entryTimeMs, eventLengthMs, history = [] }) => {
    // A hair above a whole number is rounding in the estimate, not one more event.
    const wanted = Math.ceil(estimator(history) * multiplier - 1e-9);
    const events = Math.min(Math.max(wanted, minEvents), maxEvents ?? Infinity);
    return eventLengthMs === undefined
      ? { maxBars: events, maxDurationMs: null, frozenAtMs: entryTimeMs }
      : { maxBars: null, maxDurationMs: events * eventLengthMs, frozenAtMs: entryTimeMs };
  };
}

/**
 * Joins resolvers. "first_expiry" keeps the tightest limit of each kind, so whichever ends first ends the trade; "min"
 * keeps the one horizon with the fewest events, which needs the event length to compare durations with bars;
 * "priority" takes the first resolver that sets any limit.
 *
 * @throws QmtlError `PARAMETER_INVALID` without resolvers, or from "min" when horizons cannot be compared
 */
export function compositeHorizon(
  resolvers: readonly HorizonResolver[],
  mode: "min" | "first_expiry" | "priority",
): HorizonResolver {
  if (resolvers.length === 0)
    throw new QmtlError("PARAMETER_INVALID", "a composite horizon needs at least one resolver");
  return (context) => {
    const horizons = resolvers.map((resolver) => resolver(context));
    if (mode === "priority") return horizons.find(isLimited) ?? horizons[0]!;
    if (mode === "first_expiry") {
      return {
        maxBars: smallest(horizons.map((horizon) => horizon.maxBars)),
        maxDurationMs: smallest(horizons.map((horizon) => horizon.maxDurationMs)),
        frozenAtMs: context.entryTimeMs,
      };
    }
    return horizons.reduce((best, next) => (eventsOf(next, context) < eventsOf(best, context) ? next : best));
  };
}

function isLimited({ maxBars, maxDurationMs }: HorizonSpec): boolean {
  return maxBars !== null || maxDurationMs !== null;
}

function eventsOf({ maxBars, maxDurationMs }: HorizonSpec, { eventLengthMs }: HorizonContext): number {
  if (maxDurationMs === null) return maxBars ?? Infinity;
  if (eventLengthMs !== undefined) return Math.min(maxDurationMs / eventLengthMs, maxBars ?? Infinity);
  throw new QmtlError(
    "PARAMETER_INVALID",
    "a duration and a bar count cannot be compared; expected eventLengthMs, found none",
  );
}

function smallest(limits: readonly (number | null)[]): number | null {
  const set = limits.filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
}

function requireCount(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new QmtlError("PARAMETER_INVALID", `${name} must be a whole number from 1; found ${shown(value)}`);
}
