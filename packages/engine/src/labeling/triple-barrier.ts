import { formatInstant, QmtlError, shown, type EpochMs, type JsonValue } from "@qmtl/core";
import { directionOf, readSide, type BarrierSpec, type HorizonSpec, type Side } from "./barriers.ts";
import { nullCostModel, type CostEstimate, type LabelCostModel } from "./label-cost.ts";

export interface TripleBarrierEntry {
  readonly timeMs: EpochMs;
  /** > 0. */
  readonly price: number;
  readonly side: Side | "buy" | "sell";
  readonly symbol?: string;
  /** `<symbol or "entry">-<ISO time>-<sequence>` unless told. */
  readonly entryId?: string;
  readonly metadata?: JsonValue;
}

export interface PriceObservation {
  readonly timeMs: EpochMs;
  readonly price: number;
  readonly symbol?: string;
}

export type LabelOutcome = "profit_target" | "stop_loss" | "timeout";

/** How one entry ended. Returns are fractions of the entry price. */
export interface TripleBarrierLabel {
  readonly entryId: string;
  readonly symbol: string | null;
  readonly side: Side;
  readonly entryTimeMs: EpochMs;
  readonly entryPrice: number;
  readonly resolvedTimeMs: EpochMs;
  readonly resolvedPrice: number;
  /** Tested on the net return. */
  readonly outcome: LabelOutcome;
  /** The barrier that the gross return had reached, when any. */
  readonly outcomeGross: LabelOutcome | null;
  /** The stop is due to cost alone: the gross return had reached no barrier. */
  readonly netOnlyStop: boolean;
  readonly pnlGross: number;
  /** `pnlGross - cost - minEdge`. */
  readonly pnlNet: number;
  readonly cost: number;
  readonly minEdge: number;
  readonly costModelId: string;
  readonly bars: number;
  readonly metadata?: JsonValue;
}

export interface TripleBarrierOptions {
  /** Used for entries that come without their own. */
  readonly barrier?: Omit<BarrierSpec, "frozenAtMs">;
  readonly horizon?: Partial<Omit<HorizonSpec, "frozenAtMs">>;
  readonly costModel?: LabelCostModel;
}

interface OpenEntry {
  readonly entry: TripleBarrierEntry;
  readonly id: string;
  readonly side: Side;
  readonly barrier: BarrierSpec;
  readonly horizon: HorizonSpec;
  readonly estimate: CostEstimate;
  bars: number;
}

/**
 * Labels entries by the barrier they reach first: profit target, stop loss, or the end of the horizon.
 *
 * An observation counts for the entries of its symbol that are strictly older. Barriers are tested on the net return, the target before the stop.
 */
export class TripleBarrierLabeler {
  readonly #options: TripleBarrierOptions;
  readonly #openBySymbol = new Map<string | null, OpenEntry[]>();
  readonly #openIds = new Set<string>();
  #sequence = 0;

  constructor(options: TripleBarrierOptions = {}) {
    this.#options = options;
  }

  get openCount(): number {
    return this.#openIds.size;
  }

  /**
   * Opens an entry, and hands back its id.
   *
   * @throws QmtlError `PARAMETER_INVALID` for a price that is not positive, an id that is still open, a spec frozen at
   *   another time than the entry's, a horizon or barrier out of range, or no barrier and horizon at all
   */
  enter(
    entry: TripleBarrierEntry,
    specs: { readonly barrier?: BarrierSpec; readonly horizon?: HorizonSpec } = {},
  ): string {
    const side = readSide(entry.side);
    if (!(Number.isFinite(entry.price) && entry.price > 0)) {
      throw refusal(`entry price must be above 0; found ${shown(entry.price)}`);
    }
    const frozenAtMs = entry.timeMs;
    const barrier = specs.barrier ?? { ...noBarrier, ...this.#options.barrier, frozenAtMs };
    const horizon = specs.horizon ?? { ...noHorizon, ...this.#options.horizon, frozenAtMs };
    checkSpecs(entry, barrier, horizon);
    const symbol = entry.symbol ?? null;
    const id = entry.entryId ?? `${symbol ?? "entry"}-${formatInstant(entry.timeMs)}-${this.#sequence}`;
    if (this.#openIds.has(id)) throw refusal(`entry id ${shown(id)} is open already`);
    const { costModel = nullCostModel } = this.#options;
    const estimate = costModel.estimate({ timeMs: entry.timeMs, price: entry.price, side, symbol });
    const open = this.#openBySymbol.get(symbol) ?? [];
    open.push({ entry, id, side, barrier, horizon, estimate, bars: 0 });
    this.#openBySymbol.set(symbol, open);
    this.#openIds.add(id);
    this.#sequence += 1;
    return id;
  }

  /** Takes one price, hands back the labels it settles, in order of entry. */
  observe(observation: PriceObservation): TripleBarrierLabel[] {
    const symbol = observation.symbol ?? null;
    const labels: TripleBarrierLabel[] = [];
    const stillOpen: OpenEntry[] = [];
    for (const open of this.#openBySymbol.get(symbol) ?? []) {
      const label = this.#settle(open, observation);
      if (label) {
        labels.push(label);
        this.#openIds.delete(open.id);
      } else {
        stillOpen.push(open);
      }
    }
    if (stillOpen.length > 0) this.#openBySymbol.set(symbol, stillOpen);
    else this.#openBySymbol.delete(symbol);
    return labels;
  }

  #settle(open: OpenEntry, { timeMs, price }: PriceObservation): TripleBarrierLabel | undefined {
    const { entry, side, barrier, horizon, estimate } = open;
    if (timeMs <= entry.timeMs || Number.isNaN(price)) return undefined;
    open.bars += 1;
    const adjustment = estimate.cost + estimate.minEdge;
    const reached = touchedBarrier(barrier, side, entry.price, price, adjustment);
    const expired =
      (horizon.maxDurationMs !== null && timeMs >= entry.timeMs + horizon.maxDurationMs) ||
      (horizon.maxBars !== null && open.bars >= horizon.maxBars);
    const outcome = reached ?? (expired ? "timeout" : null);
    if (outcome === null) return undefined;
    const outcomeGross = touchedBarrier(barrier, side, entry.price, price, 0);
    const pnlGross = (directionOf(side) * (price - entry.price)) / entry.price;
    return {
      entryId: open.id,
      symbol: entry.symbol ?? null,
      side,
      entryTimeMs: entry.timeMs,
      entryPrice: entry.price,
      resolvedTimeMs: timeMs,
      resolvedPrice: price,
      outcome,
      outcomeGross,
      netOnlyStop: outcome === "stop_loss" && outcomeGross === null,
      pnlGross,
      pnlNet: pnlGross - adjustment,
      cost: estimate.cost,
      minEdge: estimate.minEdge,
      costModelId: (this.#options.costModel ?? nullCostModel).id,
      bars: open.bars,
      ...(entry.metadata !== undefined && { metadata: entry.metadata }),
    };
  }
}

/**
 * The barrier that a price reaches after `adjustment`, a fraction of the entry price, is taken off: in return mode
 * the net return against target and stop, in price mode the price moved against the position by the adjustment.
 */
export function touchedBarrier(
  barrier: Pick<BarrierSpec, "mode" | "profitTarget" | "stopLoss">,
  side: Side,
  entryPrice: number,
  price: number,
  adjustment: number,
): "profit_target" | "stop_loss" | null {
  const { mode, profitTarget, stopLoss } = barrier;
  const direction = directionOf(side);
  if (mode === "return") {
    const net = (direction * (price - entryPrice)) / entryPrice - adjustment;
    if (profitTarget !== null && net >= profitTarget) return "profit_target";
    return stopLoss !== null && net <= -stopLoss ? "stop_loss" : null;
  }
  const netPrice = direction * (price - direction * entryPrice * adjustment);
  if (profitTarget !== null && netPrice >= direction * profitTarget) return "profit_target";
  return stopLoss !== null && netPrice <= direction * stopLoss ? "stop_loss" : null;
}

/** Labels of entries over a whole series, both in order of time; entries that nothing settled have none. */
export function tripleBarrierLabels(
  entries: readonly TripleBarrierEntry[],
  observations: readonly PriceObservation[],
  options: TripleBarrierOptions = {},
): TripleBarrierLabel[] {
  const labeler = new TripleBarrierLabeler(options);
  const labels: TripleBarrierLabel[] = [];
  let next = 0;
  for (const observation of observations) {
    while (next < entries.length && entries[next]!.timeMs < observation.timeMs) labeler.enter(entries[next++]!);
    labels.push(...labeler.observe(observation));
  }
  return labels;
}

const noBarrier = { profitTarget: null, stopLoss: null, mode: "return" } as const;
const noHorizon = { maxDurationMs: null, maxBars: null } as const;

function checkSpecs(entry: TripleBarrierEntry, barrier: BarrierSpec, horizon: HorizonSpec): void {
  for (const [name, spec] of Object.entries({ barrier, horizon })) {
    if (spec.frozenAtMs === entry.timeMs) continue;
    throw refusal(`${name} must be frozen at the entry's time ${entry.timeMs}; found ${spec.frozenAtMs}`);
  }
  const { profitTarget, stopLoss } = barrier;
  const { maxDurationMs, maxBars } = horizon;
  for (const [name, value] of Object.entries({ profitTarget, stopLoss })) {
    if (value !== null && !(value >= 0)) throw refusal(`${name} must be at least 0 or null; found ${shown(value)}`);
  }
  for (const [name, value] of Object.entries({ maxDurationMs, maxBars })) {
    if (value !== null && !(value > 0)) throw refusal(`${name} must be above 0 or null; found ${shown(value)}`);
  }
  if (profitTarget === null && stopLoss === null && maxBars === null && maxDurationMs === null) {
    throw refusal("an entry needs a barrier or a horizon; found neither");
  }
}

function refusal(message: string): QmtlError {
  return new QmtlError("PARAMETER_INVALID", message);
}
