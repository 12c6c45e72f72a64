import type { EpochMs, JsonValue } from "@qmtl/core";
import { resolveRiskConfig, type RiskConfig } from "./risk-config.ts";

export type RiskViolationType = "position_size" | "leverage" | "concentration" | "drawdown" | "volatility";
export type RiskSeverity = "low" | "medium" | "high" | "critical";

export interface RiskViolation {
  readonly type: RiskViolationType;
  readonly symbol: string | null;
  readonly current: number;
  readonly limit: number;
  readonly severity: RiskSeverity;
}

/** Value of a position per symbol, signed, account currency. */
export type PositionValues = Readonly<Record<string, number>>;

/** What an order may change. Units are signed; money is account currency. */
export interface RiskOrder {
  readonly symbol: string;
  /** Position before the order. */
  readonly held: number;
  /** Where the position could be once the open orders beside this one have filled, at its largest and smallest. */
  readonly heldMax: number;
  readonly heldMin: number;
  /** What the order adds, signed. */
  readonly units: number;
  /** Money of one unit. */
  readonly price: number;
  readonly equity: number;
  /** Sum of absolute values of all other positions, with their open orders. */
  readonly otherExposure: number;
}

export interface RiskDecision {
  /** Units that may be sent: all, fewer, or none. */
  readonly units: number;
  /** The limit that the order as asked would break. */
  readonly violation: RiskViolation | null;
}

interface PositionLimit {
  readonly type: RiskViolationType;
  /** In the unit of the limit: money, or a fraction of equity. */
  readonly current: number;
  readonly limit: number;
  /** Absolute value of the position, and the most that this limit leaves it; money. */
  readonly value: number;
  readonly valueMax: number;
}

const dayMs = 86_400_000;

/** Watches one account's equity, and says what its limits leave of an order. State is JSON: `save`, `load`. */
export class RiskManager {
  readonly config: RiskConfig;
  readonly #daysPerYear: number;
  #peak = 0;
  #equity = Number.NaN;
  #day = Number.NEGATIVE_INFINITY;
  #closes: number[] = []; // equity at the end of each day, the running day last

  /** @param daysPerYear - trading days, 252 or 365, for the volatility. @throws QmtlError `PARAMETER_INVALID` */
  constructor(config: Partial<RiskConfig> = {}, daysPerYear = 252) {
    this.config = resolveRiskConfig(config);
    this.#daysPerYear = daysPerYear;
  }

  /** Takes in the equity of a close. A close at midnight UTC belongs to the day that it ends. */
  observe(timeMs: EpochMs, equity: number): void {
    this.#equity = equity;
    if (equity > this.#peak) this.#peak = equity;
    const day = Math.ceil(timeMs / dayMs);
    if (day === this.#day) this.#closes[this.#closes.length - 1] = equity;
    else this.#closes.push(equity);
    this.#day = day;
    if (this.#closes.length > this.config.volatilityLookback + 1) this.#closes.shift();
  }

  /** Highest equity seen. */
  get peak(): number {
    return this.#peak;
  }

  /** `(peak - equity) / peak`; 0 before the first positive equity. */
  get drawdown(): number {
    return this.#peak > 0 ? (this.#peak - this.#equity) / this.#peak : 0;
  }

  /** Population deviation of the last daily returns times `sqrt(days per year)`; null with too few of them. */
  get volatility(): number | null {
    const closes = this.#closes;
    const returns: number[] = [];
    for (let i = 1; i < closes.length; i++) if (closes[i - 1]! > 0) returns.push(closes[i]! / closes[i - 1]! - 1);
    if (returns.length < this.config.volatilityMinSamples) return null;
    const mean = returns.reduce((sum, each) => sum + each, 0) / returns.length;
    const variance = returns.reduce((sum, each) => sum + (each - mean) ** 2, 0) / returns.length;
    return Math.sqrt(variance * this.#daysPerYear);
  }

  /**
   * What may be sent of an order. One that brings the position nearer to flat always passes, whatever is broken;
   * one that goes through flat is checked on what it opens.
   */
  limitOrder(order: RiskOrder): RiskDecision {
    const { held, units, heldMax, heldMin } = order;
    const pass = { units, violation: null };
    const before = units > 0 ? heldMax : heldMin;
    const after = before + units;
    const direction = Math.sign(units);
    // Beyond both flat and where it stands is what the order opens.
    if (direction * after <= Math.max(0, direction * held)) return pass;
    const halted = this.#halt();
    if (halted) return this.#cut(order, before, 0, halted);
    const limits = this.#positionLimits(order, direction * after * order.price);
    const broken = limits.find(({ value, valueMax }) => value > valueMax * (1 + 1e-12));
    if (broken === undefined) return pass;
    const tightest = Math.min(...limits.map(({ valueMax }) => valueMax));
    return this.#cut(order, before, tightest, violationOf(broken.type, order.symbol, broken.current, broken.limit));
  }

  /** Violations of a whole portfolio at its values. With an equity of zero or less only the volatility means anything. */
  validatePortfolio(values: PositionValues, equity: number): readonly RiskViolation[] {
    const { maxPortfolioVolatility, maxLeverage, maxConcentrationPercent, maxDrawdownPercent } = this.config;
    const found: (RiskViolation | null)[] = [above("volatility", this.volatility, maxPortfolioVolatility)];
    if (equity > 0) {
      const exposure = Object.values(values).reduce((sum, value) => sum + Math.abs(value), 0);
      found.push(above("leverage", exposure / equity, maxLeverage));
      for (const [symbol, value] of Object.entries(values)) {
        found.push(above("concentration", Math.abs(value) / equity, maxConcentrationPercent, symbol));
      }
      found.push(above("drawdown", this.drawdown, maxDrawdownPercent));
    }
    return found.filter((violation) => violation !== null);
  }

  /**
   * Units for a target share of equity: at most the position limit, and less in proportion when the instrument's
   * volatility is above 20 % a year. 0 for inputs that are not positive.
   */
  calculatePositionSize(targetPercent: number, price: number, equity: number, volatility?: number): number {
    if (!(targetPercent > 0 && price > 0 && equity > 0)) return 0;
    const capped = Math.min(targetPercent, this.config.positionSizeLimitPercent ?? Infinity);
    const scale = volatility !== undefined && volatility > 0 ? Math.min(1, 0.2 / volatility) : 1;
    return (capped * scale * equity) / price;
  }

  save(): JsonValue {
    return {
      peak: this.#peak,
      equity: Number.isNaN(this.#equity) ? null : this.#equity,
      day: Number.isFinite(this.#day) ? this.#day : null,
      closes: [...this.#closes],
    };
  }

  load(state: JsonValue): void {
    const { peak, equity, day, closes } = state as {
      peak: number;
      equity: number | null;
      day: number | null;
      closes: readonly number[];
    };
    this.#peak = peak;
    this.#equity = equity ?? Number.NaN;
    this.#day = day ?? Number.NEGATIVE_INFINITY;
    this.#closes = [...closes];
  }

  /** What stops every order that opens something. */
  #halt(): RiskViolation | null {
    return (
      above("drawdown", this.drawdown, this.config.maxDrawdownPercent) ??
      above("volatility", this.volatility, this.config.maxPortfolioVolatility)
    );
  }

  /** How a position of `value` stands to each limit, in the order they are reported. */
  #positionLimits({ equity, otherExposure }: RiskOrder, value: number): readonly PositionLimit[] {
    const { maxPositionSize, positionSizeLimitPercent, maxConcentrationPercent, maxLeverage } = this.config;
    const money = Math.max(0, equity);
    const limits: PositionLimit[] = [];
    const add = (type: RiskViolationType, limit: number | null, scale: number, other: number) => {
      if (limit === null) return;
      // Without equity no fraction means anything, and nothing may be opened.
      const current = scale > 0 ? (value + other) / scale : Infinity;
      limits.push({ type, current, limit, value, valueMax: Math.max(0, limit * scale - other) });
    };
    add("position_size", maxPositionSize, 1, 0);
    add("position_size", positionSizeLimitPercent, money, 0);
    add("concentration", maxConcentrationPercent, money, 0);
    add("leverage", maxLeverage, money, otherExposure);
    return limits;
  }

  #cut({ units, held, price }: RiskOrder, before: number, value: number, violation: RiskViolation): RiskDecision {
    if (!this.config.enableDynamicSizing) return { units: 0, violation };
    const direction = Math.sign(units);
    // Never less than what brings the position to flat, or leaves it where it stands.
    const furthest = Math.max(value / price, 0, direction * held);
    const room = furthest - direction * before;
    return { units: direction * Math.min(Math.abs(units), Math.max(0, room)), violation };
  }
}

/** `|current| / |limit|`: from 2 critical, from 1.5 high, from 1.2 medium, else low. A limit of zero is critical. */
export function severityOf(current: number, limit: number): RiskSeverity {
  // A billionth of grace: 0.15 / 0.1 is a hair below 1.5 in binary.
  const ratio = limit === 0 ? Infinity : (Math.abs(current) / Math.abs(limit)) * (1 + 1e-9);
  return ratio >= 2 ? "critical" : ratio >= 1.5 ? "high" : ratio >= 1.2 ? "medium" : "low";
}

function above(type: RiskViolationType, current: number | null, limit: number | null, symbol: string | null = null) {
  return current !== null && limit !== null && current > limit ? violationOf(type, symbol, current, limit) : null;
}

function violationOf(type: RiskViolationType, symbol: string | null, current: number, limit: number): RiskViolation {
  return { type, symbol, current, limit, severity: severityOf(current, limit) };
}
