import { QmtlError, type EpochMs, type JsonValue } from "@qmtl/core";
import { StepGrid } from "@qmtl/engine/money";
import { TimingController, type TimingOptions } from "../sessions/index.ts";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { checkActivation, gateOrder, type ActivationMap } from "./activation.ts";
import { normalizeOrderIntent } from "./normalize-order.ts";
import { givenParams, optionalNumber, refuseUnknownOptions } from "../strategy/option-checks.ts";
import { orderIntentOf } from "./order-intent.ts";
import {
  committedExposure,
  exposurePriceOf,
  pendingBeside,
  sizingPriceOf,
  unitMoney,
  unitSizeOf,
  type UnitSize,
} from "./order-size.ts";
import { OrderStageNode, refuse, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";

/** Why an order was refused before the broker saw it. */
export type PreTradeReason =
  | "activation_disabled"
  | "activation_unknown"
  | "symbol_validation_failed"
  | "market_closed"
  | "not_shortable"
  | "insufficient_buying_power"
  | "invalid_order"
  | "backpressure";

export interface PreTradeGateOptions extends NodeOptions {
  /** Deny by default: with a map, a symbol that it does not name is blocked. */
  readonly activation?: ActivationMap;
  /** Trading hours at the time of the decision. */
  readonly timing?: TimingOptions;
  /** What may be sold short: nothing (false), anything (true, the default), or by symbol, at most so many units. */
  readonly shortable?: boolean | Readonly<Record<string, boolean | number>>;
  /** Refuse quantities and prices off the instrument's grid. Default false: the broker snaps them. */
  readonly exactGrid?: boolean;
  /** Refuse what money cannot pay for at the last close. Not checked unless given: the broker has its own rule. */
  readonly buyingPower?: {
    /** Exposure per unit of equity. Default 1. */
    readonly leverage?: number;
    /** Fraction of equity that stays free. Default 0. */
    readonly reserve?: number;
  };
  readonly backpressure?: {
    readonly openOrdersMax?: number;
    readonly ordersPerCloseMax?: number;
  };
}

/** Checks an order in this order: backpressure, form, activation, symbol, hours, shorting, money. */
export class PreTradeGateNode extends OrderStageNode {
  readonly nodeType = "PreTradeGateNode";
  readonly params: JsonValue;
  readonly #options: PreTradeGateOptions;
  readonly #timing: TimingController | undefined;

  constructor(input: Node, options: PreTradeGateOptions = {}) {
    super(input, options);
    refuseUnknownOptions("PreTradeGateNode", options, [
      "activation",
      "timing",
      "shortable",
      "exactGrid",
      "buyingPower",
      "backpressure",
    ]);
    const { activation, timing, shortable, exactGrid, buyingPower, backpressure } = options;
    if (buyingPower) refuseUnknownOptions("buyingPower", buyingPower, ["leverage", "reserve"]);
    if (backpressure) refuseUnknownOptions("backpressure", backpressure, ["openOrdersMax", "ordersPerCloseMax"]);
    const whole = { min: 0, whole: true };
    this.#timing = timing && new TimingController(timing);
    this.params = givenParams({
      activation: checkActivation(activation),
      timing: this.#timing?.params ?? null,
      shortable: structuredClone(shortable ?? null),
      exactGrid: exactGrid ?? null,
      leverage: optionalNumber("buyingPower.leverage", buyingPower?.leverage, { above: 0 }),
      reserve: optionalNumber("buyingPower.reserve", buyingPower?.reserve, { min: 0, below: 1 }),
      buyingPower: buyingPower !== undefined,
      openOrdersMax: optionalNumber("backpressure.openOrdersMax", backpressure?.openOrdersMax, whole),
      ordersPerCloseMax: optionalNumber("backpressure.ordersPerCloseMax", backpressure?.ordersPerCloseMax, whole),
    });
    this.#options = structuredClone({ ...options });
  }

  defaultName(): string {
    return "pretrade";
  }

  createStage(): OrderStage {
    return new PreTradeGate(this.#options, this.#timing);
  }
}

/** How a gate's records add up; every order that reached it is one attempt. */
export interface PreTradeCounts {
  readonly attempts: number;
  readonly rejections: number;
  readonly byReason: Readonly<Record<string, number>>;
  /** rejections / attempts; null without an attempt. */
  readonly rejectionRatio: number | null;
}

export function preTradeCounts(records: readonly (JsonValue | undefined)[]): PreTradeCounts {
  const byReason: Record<string, number> = {};
  let rejections = 0;
  for (const record of records as readonly OrderPayload[]) {
    if (record["rejected"] !== true) continue;
    rejections++;
    const reason = record["reason"] as string;
    byReason[reason] = (byReason[reason] ?? 0) + 1;
  }
  const attempts = records.length;
  return { attempts, rejections, byReason, rejectionRatio: attempts === 0 ? null : rejections / attempts };
}

class PreTradeGate implements OrderStage {
  readonly #options: PreTradeGateOptions;
  readonly #timing: TimingController | undefined;
  #closeMs: EpochMs | null = null;
  #passedThisClose = 0;

  constructor(options: PreTradeGateOptions, timing: TimingController | undefined) {
    this.#options = options;
    this.#timing = timing;
  }

  handle(payload: OrderPayload, context: OrderContext): OrderPayload | undefined {
    const order = normalizeOrderIntent(payload);
    if (order === undefined) return undefined;
    if (this.#closeMs !== context.nowMs) {
      this.#closeMs = context.nowMs;
      this.#passedThisClose = 0;
    }
    const refusal = this.#check(order, context);
    if (refusal) return refuse(order, ...refusal);
    this.#passedThisClose++;
    return order;
  }

  save(): JsonValue {
    return { closeMs: this.#closeMs, passedThisClose: this.#passedThisClose };
  }

  load(state: JsonValue): void {
    const { closeMs, passedThisClose } = state as { closeMs: EpochMs | null; passedThisClose: number };
    this.#closeMs = closeMs;
    this.#passedThisClose = passedThisClose;
  }

  #check(order: OrderPayload, context: OrderContext): [PreTradeReason, string] | undefined {
    const { activation, backpressure } = this.#options;
    const { openOrdersMax = Infinity, ordersPerCloseMax = Infinity } = backpressure ?? {};
    if (context.openOrderCount >= openOrdersMax) {
      return ["backpressure", `${context.openOrderCount} orders are open, at most ${openOrdersMax} may be`];
    }
    if (this.#passedThisClose >= ordersPerCloseMax) {
      return ["backpressure", `${ordersPerCloseMax} orders passed at this close already`];
    }
    let instrument: number;
    try {
      instrument = context.instrumentOf(order["symbol"]);
      orderIntentOf(order, context);
    } catch (error) {
      if (!(error instanceof QmtlError)) throw error;
      return [error.code === "INSTRUMENT_UNKNOWN" ? "symbol_validation_failed" : "invalid_order", error.message];
    }
    const size = unitSizeOf(order, instrument, context);
    if (size === undefined) return ["invalid_order", "it has no size"];
    const held = context.account.position(instrument).quantity;
    const change: UnitSize = { kind: size.kind, units: size.kind === "target" ? size.units - held : size.units };
    const { units } = change;
    const { symbol } = context.instruments[instrument]!;
    const verdict = gateOrder(activation, symbol, units < 0 ? "SELL" : "BUY");
    if (!verdict.allowed) return [verdict.code, verdict.detail];
    // Reaching a target that is there already needs no rule to be kept.
    if (units === 0) return undefined;
    return (
      this.#checkSymbol(order, instrument, units, context) ??
      this.#checkHours(context) ??
      this.#checkShort(instrument, change, symbol, context) ??
      this.#checkMoney(order, instrument, change, context)
    );
  }

  #checkSymbol(
    order: OrderPayload,
    instrument: number,
    units: number,
    context: OrderContext,
  ): [PreTradeReason, string] | undefined {
    const { lotSize, tickSize, notionalMin, multiplier } = context.instruments[instrument]!;
    const failed = (detail: string): [PreTradeReason, string] => ["symbol_validation_failed", detail];
    const lots = new StepGrid(lotSize, "lotSize");
    const quantity = Math.abs(units);
    if (Number.isFinite(quantity) && lots.floor(quantity) === 0) return failed(`${quantity} is less than one lot`);
    if (this.#options.exactGrid === true) {
      if (typeof order["quantity"] === "number" && !lots.has(quantity)) {
        return failed(`quantity ${quantity} is no multiple of the lot ${lotSize}`);
      }
      const ticks = new StepGrid(tickSize, "tickSize");
      for (const field of ["limit_price", "stop_price"]) {
        const price = order[field];
        if (typeof price === "number" && !ticks.has(price)) {
          return failed(`${field} ${price} is no multiple of the tick ${tickSize}`);
        }
      }
    }
    const notional = quantity * sizingPriceOf(order, instrument, context) * multiplier;
    const closes = units === -context.account.position(instrument).quantity;
    if (!closes && notional < Number(notionalMin)) return failed(`notional ${notional} is below ${notionalMin}`);
    return undefined;
  }

  #checkHours(context: OrderContext): [PreTradeReason, string] | undefined {
    const verdict = this.#timing?.validateTiming(context.nowMs);
    return verdict && !verdict.valid ? ["market_closed", verdict.reason] : undefined;
  }

  // Only what would take the position below zero is a short sale; selling what is held is not.
  #checkShort(
    instrument: number,
    { kind, units }: UnitSize,
    symbol: string,
    context: OrderContext,
  ): [PreTradeReason, string] | undefined {
    const { shortable = true } = this.#options;
    if (units > 0 || shortable === true) return undefined;
    const own = typeof shortable === "object" && Object.hasOwn(shortable, symbol) ? shortable[symbol]! : false;
    const limit = own === true ? Infinity : own === false ? 0 : own;
    const held = context.account.position(instrument).quantity;
    const short = pendingBeside(kind, instrument, context).sells - held - units;
    if (!(short > limit)) return undefined;
    return [
      "not_shortable",
      limit === 0 ? `${symbol} cannot be sold short` : `${short} short, at most ${limit} may be`,
    ];
  }

  #checkMoney(
    order: OrderPayload,
    instrument: number,
    { kind, units }: UnitSize,
    context: OrderContext,
  ): [PreTradeReason, string] | undefined {
    const { buyingPower } = this.#options;
    if (buyingPower === undefined) return undefined;
    const { leverage = 1, reserve = 0 } = buyingPower;
    const { equity } = context.account;
    const held = context.account.position(instrument).quantity;
    const pending = pendingBeside(kind, instrument, context);
    const after = Math.max(
      Math.abs(held + pending.buys + Math.max(units, 0)),
      Math.abs(held - pending.sells + Math.min(units, 0)),
    );
    if (after <= Math.abs(held)) return undefined;
    const money = unitMoney(exposurePriceOf(order, units, instrument, context), instrument, context);
    const required = committedExposure(context, instrument) + after * money;
    const available = equity * (1 - reserve) * leverage;
    // Sizes are products of rounded floats: a billionth of the equity is noise, not money.
    if (required <= available + 1e-9 * Math.abs(equity)) return undefined;
    return ["insufficient_buying_power", `exposure would be ${required}, at most ${Math.max(0, available)} may be`];
  }
}
