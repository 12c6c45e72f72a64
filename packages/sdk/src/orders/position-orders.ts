import { QmtlError, shown } from "@qmtl/core";
import type { PositionTarget } from "@qmtl/engine/operators/alpha";
import type { OrderPayload } from "./order-stage.ts";

/**
 * Targets as order payloads: `targetQty` becomes `target_quantity`, `targetPercent` `target_percent`, so that an order
 * is what is missing to the target and not the target once more; price and reason where they are known.
 *
 * @throws QmtlError `ORDER_INVALID` unless exactly one of the two is a finite number
 */
export function toOrderPayloads(
  targets: readonly PositionTarget[],
  priceBySymbol: Readonly<Record<string, number>> = {},
): OrderPayload[] {
  return targets.map(({ symbol, targetQty, targetPercent, reason }) => {
    if ((targetQty === undefined) === (targetPercent === undefined) || !Number.isFinite(targetQty ?? targetPercent)) {
      throw new QmtlError(
        "ORDER_INVALID",
        `the target of "${symbol}" needs one of targetQty, targetPercent; found ${shown(targetQty)} and ${shown(targetPercent)}`,
      );
    }
    return {
      symbol,
      ...(targetQty !== undefined && { target_quantity: targetQty }),
      ...(targetPercent !== undefined && { target_percent: targetPercent }),
      ...(Object.hasOwn(priceBySymbol, symbol) && { price: priceBySymbol[symbol]! }),
      ...(reason !== undefined && { reason }),
    };
  });
}
