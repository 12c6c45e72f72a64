import type { JsonValue } from "@qmtl/core";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { normalizeOrderIntent } from "./normalize-order.ts";
import { committedExposure, pendingBeside, exposurePriceOf, unitMoney, unitSizeOf, withUnits } from "./order-size.ts";
import { OrderStageNode, refuse, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";
import { resolveRiskConfig, type RiskConfig } from "./risk-config.ts";
import { RiskManager } from "./risk-manager.ts";

export type RiskControlOptions = Partial<RiskConfig> & NodeOptions;

/**
 * Holds orders within risk limits, measured on the position they would lead to together with the open orders, at the
 * last closes. An order that is cut goes on with `risk_adjusted: true` and the limit in `risk_violation` and
 * `risk_severity`; one of which nothing is left is refused with `risk_<limit>`. What only reduces a position passes.
 *
 * Put it after what waits (micro-batches): an order that is held back after the check is not counted by the next one.
 */
export class RiskControlNode extends OrderStageNode {
  readonly nodeType = "RiskControlNode";
  readonly params: JsonValue;
  readonly config: RiskConfig;

  constructor(input: Node, options: RiskControlOptions = {}) {
    const { name, tags, ...config } = options;
    super(input, { ...(name !== undefined && { name }), ...(tags !== undefined && { tags }) });
    this.config = resolveRiskConfig(config);
    this.params = { ...this.config };
  }

  defaultName(): string {
    return "risk";
  }

  createStage(): OrderStage {
    return new RiskControl(this.config);
  }
}

class RiskControl implements OrderStage {
  readonly #config: RiskConfig;
  #manager: RiskManager | undefined;
  #loaded: JsonValue = null; // state that waits for the manager, which the first close makes

  constructor(config: RiskConfig) {
    this.#config = config;
  }

  handle(payload: OrderPayload, context: OrderContext): OrderPayload | undefined {
    const order = normalizeOrderIntent(payload);
    if (order === undefined) return undefined;
    const instrument = context.instrumentOf(order["symbol"]);
    const size = unitSizeOf(order, instrument, context);
    if (size === undefined) return refuse(order, "invalid_order", "it has no size");
    const held = context.account.position(instrument).quantity;
    const units = size.kind === "target" ? size.units - held : size.units;
    const price = unitMoney(exposurePriceOf(order, units, instrument, context), instrument, context);
    if (!Number.isFinite(size.units) || !(price > 0)) {
      return refuse(order, "price_unknown", "no price is known yet to check it");
    }
    const { equity } = context.account;
    const manager = this.#managerOf(context);
    manager.observe(context.nowMs, equity);
    const pending = pendingBeside(size.kind, instrument, context);
    const decision = manager.limitOrder({
      symbol: context.instruments[instrument]!.symbol,
      held,
      heldMax: held + pending.buys,
      heldMin: held - pending.sells,
      units,
      price,
      equity,
      otherExposure: committedExposure(context, instrument),
    });
    const { violation } = decision;
    if (violation === null) return withUnits(order, size);
    const marks = { risk_violation: violation.type, risk_severity: violation.severity };
    const left = decision.units === 0 ? undefined : this.#resized(order, size.kind, decision.units, held);
    if (left !== undefined) return { ...left, ...marks, risk_adjusted: true };
    const detail = `${violation.type} would be ${violation.current}, at most ${violation.limit} may be`;
    return refuse({ ...order, ...marks }, `risk_${violation.type}`, detail);
  }

  onClose(context: OrderContext): undefined {
    this.#managerOf(context).observe(context.nowMs, context.account.equity);
  }

  save(): JsonValue {
    return this.#manager?.save() ?? this.#loaded;
  }

  load(state: JsonValue): void {
    this.#manager = undefined;
    this.#loaded = state;
  }

  #resized(order: OrderPayload, kind: "order" | "target", units: number, held: number): OrderPayload | undefined {
    return withUnits(order, { kind, units: kind === "target" ? held + units : units });
  }

  // The calendar of the first instrument gives the days of a year, as it does in the metrics.
  #managerOf(context: OrderContext): RiskManager {
    if (this.#manager === undefined) {
      const days = (context.instruments[0]?.calendar ?? "24x7") === "24x7" ? 365 : 252;
      this.#manager = new RiskManager(this.#config, days);
      if (this.#loaded !== null) this.#manager.load(this.#loaded);
    }
    return this.#manager;
  }
}
