import { blake3Text } from "@qmtl/core";

/**
 * The one id under which an intent may ever reach a venue (OG-9): sent twice it is the same order. 34 letters and
 * digits, which every venue we know of takes.
 *
 * @param intent.intentKey - names the intent among those of its strategy and epoch: node, bucket, symbol, leg
 */
export function clientOrderId(intent: {
  readonly worldId: string;
  readonly epoch: number;
  readonly strategyId: string;
  readonly intentKey: string;
}): string {
  const text = JSON.stringify(["qmtl/order/1", intent.worldId, intent.epoch, intent.strategyId, intent.intentKey]);
  return `qm${blake3Text(text).slice("blake3:".length, "blake3:".length + 32)}`;
}
