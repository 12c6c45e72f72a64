import { join } from "node:path";
import { csvHistory, defineInstrument } from "qmtl";

/** What is traded: a fund that follows the S&P 500, in whole shares. */
export const instrument = defineInstrument({ symbol: "SP500", tickSize: "0.01", lotSize: "1", calendar: "us_equity" });

/** Where its past comes from: daily bars of the index, 2000 to 2020. Name a file of your own here. */
export const history = csvHistory(join(import.meta.dirname, "data", "sp500-2000.csv"), { calendar: "us_equity" });
