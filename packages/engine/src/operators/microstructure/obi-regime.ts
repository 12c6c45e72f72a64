import { QmtlError } from "@qmtl/core";
import { completeParams, defineOperator, KernelState, readNumber, readPeriod } from "../kernel-parts/index.ts";

/**
 * Regime of the order-book imbalance.
 *
 * A three-state machine reads the (optionally smoothed) imbalance: positive (1) from `hi` on, negative (-1) from `lo`
 * on, and back to neutral (0) only when it has come `hysteresis` inside the limit again. Over the last `windowS`
 * seconds the machine's restlessness and the imbalance's strength make a score in [-1, 1]:
 *
 *     strength = mean |imbalance| / reference, reference = (|hi| + |lo|) / 2
 *     score    = strength - transitions_per_min / (10 max(strength, 0.05)) - deviation / (4 reference)
 *
 * Outputs, from the first row with an imbalance on:
 * - `state`: -1, 0, 1; `dwell_ms`: event time since the state was entered
 * - `transitions_per_min`: state changes in the window, per minute of the part of it that has passed, at least a minute
 * - `score`; `regime`: 1 trend above 0.2, -1 mean reversion below -0.2, else 0
 *
 * Inputs: `imbalance` in [-1, 1] and `time` (bucket start, ms, increasing). A row without imbalance is absent and
 * changes nothing. The deviation is the population one.
 */
export const obiRegime = defineOperator({
  name: "obi_regime",
  version: 1,
  inputs: ["imbalance", "time"],
  outputs: ["state", "dwell_ms", "transitions_per_min", "regime", "score"],
  resolve(given) {
    const params = completeParams("obi_regime", given, {
      hi: readNumber(given, "hi", 0.3, { above: -1, max: 1 }),
      lo: readNumber(given, "lo", -0.3, { min: -1, max: 1 }),
      hysteresis: readNumber(given, "hysteresis", 0.05, { min: 0, max: 2 }),
      windowS: readPeriod(given, "windowS", 300),
      /** Rows of the smoothing average; 1 is none. */
      emaSpan: readPeriod(given, "emaSpan", 1),
    });
    if (params.lo < params.hi) return params;
    throw new QmtlError("PARAMETER_INVALID", `lo must be below hi; found lo ${params.lo} and hi ${params.hi}`, {
      details: { lo: params.lo, hi: params.hi },
    });
  },
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel({ hi, lo, hysteresis, windowS, emaSpan }) {
    const windowMs = windowS * 1_000;
    const weight = 2 / (emaSpan + 1);
    const reference = Math.max((Math.abs(hi) + Math.abs(lo)) / 2, 1e-9);
    const state = new KernelState();
    const machine = state.array(4, Number.NaN);
    const [current, enteredMs, firstMs, smoothed] = [0, 1, 2, 3];
    // Intervals are whole seconds, so a window holds at most one row per second.
    const capacity = windowS;
    const times = state.array(capacity);
    const values = state.array(capacity);
    const changed = state.array(capacity);
    const ring = state.counters(2);
    const [head, count] = [0, 1];

    const push = (time: number, value: number, transition: number): void => {
      while (ring[count]! > 0 && (times[ring[head]!]! <= time - windowMs || ring[count] === capacity)) {
        ring[head] = (ring[head]! + 1) % capacity;
        ring[count] = ring[count]! - 1;
      }
      const slot = (ring[head]! + ring[count]!) % capacity;
      times[slot] = time;
      values[slot] = value;
      changed[slot] = transition;
      ring[count] = ring[count]! + 1;
    };

    const nextState = (value: number): number => {
      if (value >= hi) return 1;
      if (value <= lo) return -1;
      if (machine[current] === 1 && value > hi - hysteresis) return 1;
      if (machine[current] === -1 && value < lo + hysteresis) return -1;
      return 0;
    };

    return state.kernel(([imbalance, time], outputs, from, to) => {
      const [states, dwell, rate, regime, scores] = outputs;
      for (let i = from; i < to; i++) {
        const raw = imbalance![i]!;
        const now = time![i]!;
        if (Number.isNaN(raw) || Number.isNaN(now)) {
          for (const output of outputs) output[i] = Number.NaN;
          continue;
        }
        const fresh = Number.isNaN(machine[current]!);
        machine[smoothed] = fresh ? raw : weight * raw + (1 - weight) * machine[smoothed]!;
        const value = machine[smoothed]!;
        const next = nextState(value);
        const transition = !fresh && next !== machine[current] ? 1 : 0;
        if (fresh) machine[firstMs] = now;
        if (fresh || transition === 1) machine[enteredMs] = now;
        machine[current] = next;
        push(now, value, transition);

        const rows = ring[count]!;
        let [sum, absolute, transitions] = [0, 0, 0];
        for (let k = 0, slot = ring[head]!; k < rows; k++, slot = slot + 1 === capacity ? 0 : slot + 1) {
          sum += values[slot]!;
          absolute += Math.abs(values[slot]!);
          transitions += changed[slot]!;
        }
        let squares = 0;
        for (let k = 0, slot = ring[head]!; k < rows; k++, slot = slot + 1 === capacity ? 0 : slot + 1) {
          squares += (values[slot]! - sum / rows) ** 2;
        }
        const minutes = Math.max(Math.min(windowMs, now - machine[firstMs]!), 60_000) / 60_000;
        const strength = absolute / rows / reference;
        const perMinute = transitions / minutes;
        const deviation = Math.sqrt(squares / rows);
        const score = strength - perMinute / (10 * Math.max(strength, 0.05)) - deviation / (4 * reference);
        states![i] = next;
        dwell![i] = now - machine[enteredMs]!;
        rate![i] = perMinute;
        scores![i] = Math.min(Math.max(score, -1), 1);
        regime![i] = score > 0.2 ? 1 : score < -0.2 ? -1 : 0;
      }
    });
  },
});
