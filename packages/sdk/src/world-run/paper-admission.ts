import {
  emptyBook,
  withFill,
  withOrder,
  type BookOrder,
  type ExposureBook,
  type ExposureLimits,
} from "@qmtl/policy/order-gate";
import type { Admission, LiveCompute, OrderAsk } from "../live/index.ts";
import type { OrderGateSession } from "./order-gate-session.ts";

/** Orders of a paper account on their way to the simulated venue: asks the gate, with the account as its book. */
export function admitToPaper(
  ask: OrderAsk,
  gate: OrderGateSession,
  compute: LiveCompute,
  scope: { readonly worldId: string; readonly strategyId: string; readonly limits: ExposureLimits },
): Admission {
  const { worldId, strategyId } = scope;
  const exposure: BookOrder = {
    accountId,
    worldId,
    strategyId,
    symbol: ask.symbol,
    quantity: ask.quantity,
    price: ask.price,
  };
  const verdict = gate.mayLeave(
    {
      strategyId,
      side: ask.exposure,
      venue: "simulated",
      executionDomain: "dryrun",
      epoch: gate.epoch,
      reduceOnly: ask.reduces,
      exposure,
    },
    bookOf(compute, scope),
  );
  if (verdict.kind === "refused") return { allowed: false, reason: verdict.reason };
  return { allowed: true, weight: gate.entryOf(ask.exposure)?.weight ?? 0 };
}

const accountId = "paper";

/** Positions and open orders of the account: what limits are counted against (OG-8). */
function bookOf(
  compute: LiveCompute,
  { worldId, strategyId, limits }: { worldId: string; strategyId: string; limits: ExposureLimits },
): ExposureBook {
  const { broker, instruments } = compute.account;
  const inBook = (instrument: number, quantity: number, price: number): BookOrder => {
    const { symbol, multiplier } = instruments[instrument]!;
    return { accountId, worldId, strategyId, symbol, quantity, price: price * multiplier };
  };
  let book = emptyBook(limits);
  for (let instrument = 0; instrument < instruments.length; instrument++) {
    const { quantity, markPrice } = broker.account.position(instrument);
    if (quantity !== 0) book = withFill(book, "", inBook(instrument, quantity, markPrice));
  }
  for (const { clientOrderId, order } of compute.openOrders()) {
    const left = (order.quantity - order.filledQuantity) * (order.side === "BUY" ? 1 : -1);
    const price = order.limitPrice ?? order.stopPrice ?? broker.account.position(order.instrument).markPrice;
    book = withOrder(book, clientOrderId, inBook(order.instrument, left, price));
  }
  return book;
}
