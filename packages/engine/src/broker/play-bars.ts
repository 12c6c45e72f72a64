import { defineInstrument, type Instrument } from "../instrument/index.ts";
import { createBroker } from "./broker.ts";
import type { BrokerOptions } from "./options.ts";
import type { Broker } from "./types.ts";

/** For tests: bars of one minute, the first one opening at 0. Volume is 1000 unless given. */
export type TestBar = readonly [open: number, high: number, low: number, close: number, volume?: number];

export const minuteMs = 60_000;

/** Plays bars of one instrument; `at[n]` acts at the close of bar n. */
export function playBars(
  options: Partial<BrokerOptions>,
  bars: readonly TestBar[],
  at: Readonly<Record<number, (broker: Broker, nowMs: number) => void>>,
  instrument: Instrument = defineInstrument({ symbol: "TEST" }),
): Broker {
  const broker = createBroker({ cash: 10_000, ...options }, [instrument]);
  for (const [index, [open, high, low, close, volume = 1_000]] of bars.entries()) {
    const nowMs = (index + 1) * minuteMs;
    broker.onBar(0, index * minuteMs, nowMs, open, high, low, close, volume);
    broker.onTime(nowMs);
    at[index]?.(broker, nowMs);
    broker.afterIntents(nowMs);
  }
  return broker;
}

/** A bar that stays at one price. */
export function flat(price: number, volume = 1_000): TestBar {
  return [price, price, price, price, volume];
}
