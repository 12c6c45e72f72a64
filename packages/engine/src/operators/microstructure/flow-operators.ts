import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readNumber,
  readPeriod,
  RollingMoments,
} from "../kernel-parts/index.ts";
import { noParams, windowOperator } from "../transforms/window-operator.ts";
import { imbalanceOr, imbalanceToWeight, logisticOrderBookWeight, priorityIndex } from "./order-book.ts";

/** A normalised difference `(a - b) / (a + b)` of two columns, in [-1, 1]; absent where the sum is 0. */
function imbalanceOperator<const Name extends string, const In extends string>(name: Name, inputs: readonly [In, In]) {
  return windowOperator({
    name,
    inputs,
    outputs: ["value"],
    params: noParams,
    loop:
      () =>
      ([first, second], [result], from, to) => {
        for (let i = from; i < to; i++) result![i] = imbalanceOr(Number.NaN, first![i]!, second![i]!);
      },
  });
}

/** `(bid - ask) / (bid + ask)` of resting sizes, in [-1, 1]; absent where both are 0. */
export const orderBookImbalanceOperator = imbalanceOperator("order_book_imbalance", ["bid_size", "ask_size"]);

/** `(buy - sell) / (buy + sell)` of executed volume, in [-1, 1]; absent where nothing traded. */
export const executionImbalanceOperator = imbalanceOperator("execution_imbalance", ["buy_volume", "sell_volume"]);

/** Order flow imbalance `(buy - sell) / (buy + sell)` of order flow, in [-1, 1]; absent without flow. */
export const orderFlowImbalance = imbalanceOperator("order_flow_imbalance", ["buy", "sell"]);

/** Events per member of the population, `event_count / population`; absent where the population is not positive. */
export const hazardRatio = windowOperator({
  name: "hazard",
  inputs: ["event_count", "population"],
  outputs: ["value"],
  params: noParams,
  loop:
    () =>
    ([events, population], [result], from, to) => {
      for (let i = from; i < to; i++) result![i] = population![i]! > 0 ? events![i]! / population![i]! : Number.NaN;
    },
});

/**
 * Z-score of the last bid-ask spread against the last `period` spreads, itself included; population standard
 * deviation. Absent in a flat window.
 */
export const spreadZscore = defineOperator({
  name: "spread_zscore",
  version: 1,
  inputs: ["bid", "ask"],
  outputs: ["value"],
  resolve: (given) => completeParams("spread_zscore", given, { period: readPeriod(given, "period", undefined, 2) }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const moments = new RollingMoments(state, period);
    return state.kernel(([bid, ask], [result], from, to) => {
      for (let i = from; i < to; i++) {
        const spread = ask![i]! - bid![i]!;
        moments.push(spread);
        const deviation = Math.sqrt(moments.squares / period);
        result![i] = deviation === 0 ? Number.NaN : (spread - moments.mean) / deviation;
      }
    });
  },
});

/** Queue priority `1 - clamp(queue_rank, 0, queue_size) / queue_size`: 1 at the head; absent for an empty queue. */
export const priorityIndexOperator = windowOperator({
  name: "priority_index",
  inputs: ["queue_rank", "queue_size"],
  outputs: ["value"],
  params: noParams,
  loop:
    () =>
    ([rank, size], [result], from, to) => {
      for (let i = from; i < to; i++) result![i] = priorityIndex(rank![i]!, size![i]!);
    },
});

/**
 * Microprice `(ask * bid_size + bid * ask_size) / (bid_size + ask_size + eps)`, in price units, and the imbalance
 * `(bid_size - ask_size) / (bid_size + ask_size + eps)`. Both absent where there is no size at all.
 */
export const micropriceImbalance = windowOperator({
  name: "microprice_imbalance",
  inputs: ["bid", "ask", "bid_size", "ask_size"],
  outputs: ["microprice", "imbalance"],
  params: (given) => ({ eps: readNumber(given, "eps", 1e-9, { min: 0 }) }),
  loop:
    ({ eps }) =>
    ([bid, ask, bidSize, askSize], [microprice, imbalance], from, to) => {
      for (let i = from; i < to; i++) {
        const [b, a] = [bidSize![i]!, askSize![i]!];
        const total = b + a > 0 ? b + a + eps : Number.NaN;
        microprice![i] = (ask![i]! * b + bid![i]! * a) / total;
        imbalance![i] = (b - a) / total;
      }
    },
});

/** Price between bid and ask: `weight * ask + (1 - weight) * bid`, with the weight as a column. */
export const microPriceOperator = windowOperator({
  name: "micro_price",
  inputs: ["bid", "ask", "weight"],
  outputs: ["value"],
  params: noParams,
  loop:
    () =>
    ([bid, ask, weight], [result], from, to) => {
      for (let i = from; i < to; i++) result![i] = weight![i]! * ask![i]! + (1 - weight![i]!) * bid![i]!;
    },
});

/** {@link imbalanceToWeight} of a column. */
export const imbalanceToWeightOperator = windowOperator({
  name: "imbalance_to_weight",
  inputs: ["imbalance"],
  outputs: ["value"],
  params: (given) => ({
    method: readChoice(given, "method", ["linear", "logistic"], "linear"),
    slope: readNumber(given, "slope", 1),
    offset: readNumber(given, "offset", 0),
    clamp: readNumber(given, "clamp", 0.9, { above: 0, max: 1 }),
  }),
  loop:
    (options) =>
    ([imbalance], [result], from, to) => {
      for (let i = from; i < to; i++) result![i] = imbalanceToWeight(imbalance![i]!, options);
    },
});

/** {@link logisticOrderBookWeight} of two size columns; absent where both are 0. */
export const logisticOrderBookImbalance = windowOperator({
  name: "logistic_order_book_imbalance",
  inputs: ["bid_size", "ask_size"],
  outputs: ["value"],
  params: (given) => ({
    slope: readNumber(given, "slope", 1),
    offset: readNumber(given, "offset", 0),
    clamp: readNumber(given, "clamp", 0.9, { above: 0, max: 1 }),
  }),
  loop:
    (options) =>
    ([bid, ask], [result], from, to) => {
      for (let i = from; i < to; i++) {
        const empty = bid![i]! + ask![i]! === 0;
        result![i] = empty ? Number.NaN : logisticOrderBookWeight(bid![i]!, ask![i]!, options);
      }
    },
});

/**
 * Entry condition on order-book imbalance and queue priority: 1 where it holds, else 0.
 *
 * The imbalance part holds outside the band (`imbalance <= imbalanceMin` or `>= imbalanceMax`: one side presses);
 * the priority part within `[priorityMin, priorityMax]`. `mode` joins them with "any" or "all".
 */
export const conditionalEntryFilter = windowOperator({
  name: "conditional_entry_filter",
  inputs: ["imbalance", "priority"],
  outputs: ["value"],
  params: (given) => ({
    imbalanceMin: readNumber(given, "imbalanceMin", -0.25),
    imbalanceMax: readNumber(given, "imbalanceMax", 0.25),
    priorityMin: readNumber(given, "priorityMin", 0.5),
    priorityMax: readNumber(given, "priorityMax", 1),
    mode: readChoice(given, "mode", ["any", "all"], "all"),
  }),
  loop: (limits) => {
    const all = limits.mode === "all";
    return ([imbalance, priority], [result], from, to) => {
      for (let i = from; i < to; i++) {
        const [pressure, rank] = [imbalance![i]!, priority![i]!];
        const pressed = pressure <= limits.imbalanceMin || pressure >= limits.imbalanceMax;
        const early = rank >= limits.priorityMin && rank <= limits.priorityMax;
        const passed = all ? pressed && early : pressed || early;
        result![i] = pressure !== pressure || rank !== rank ? Number.NaN : passed ? 1 : 0;
      }
    };
  },
});
