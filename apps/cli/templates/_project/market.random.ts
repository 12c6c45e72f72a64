import { defineInstrument } from "qmtl";
import { randomMarket } from "./generators/random-market.ts";

/** What is traded: something with the swings of a stock index, in whole shares. */
export const instrument = defineInstrument({ symbol: "RANDOM", tickSize: "0.01", lotSize: "1", calendar: "weekdays" });

/** Where its past comes from: ten years of made-up bars. For real ones: `csvHistory("data/prices.csv")`. */
export const history = randomMarket({ seed: 7, years: 10 });
