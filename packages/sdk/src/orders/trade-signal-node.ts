import { thresholdSignalOperator, type ThresholdSignalOptions } from "@qmtl/engine/operators/alpha";
import { fieldRefOf, type ScalarInput } from "../strategy/node.ts";
import { refuseUnknownOptions } from "../strategy/option-checks.ts";
import { OperatorNode, type OperatorNodeOptions } from "../strategy/operator-node.ts";

export type TradeSignalOptions = ThresholdSignalOptions & OperatorNodeOptions;

const tradeSignalOptions = ["longThreshold", "shortThreshold", "size", "stopLoss", "takeProfit", "onMissing"];

/**
 * An alpha against two thresholds: `action` is 1 (buy, `alpha >= longThreshold`), -1 (sell, `alpha <= shortThreshold`)
 * or 0 (hold), `size` a quantity, `stop_loss` and `take_profit` prices that are there only when given. The order path
 * reads its rows as they are; a hold sends nothing.
 *
 * @throws QmtlError `PARAMETER_INVALID`
 */
export function tradeSignal(
  alpha: ScalarInput,
  options: TradeSignalOptions,
): OperatorNode<"action" | "size" | "stop_loss" | "take_profit"> {
  refuseUnknownOptions("tradeSignal", options, tradeSignalOptions);
  const { longThreshold, shortThreshold, size, stopLoss, takeProfit, ...rest } = options;
  const given = {
    longThreshold,
    shortThreshold,
    size,
    stopLoss,
    takeProfit,
  };
  const params = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return new OperatorNode(thresholdSignalOperator, [fieldRefOf(alpha, "the alpha of a trade signal")], params, rest);
}
