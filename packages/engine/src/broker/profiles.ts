import type { BrokerOptions, Semantics } from "./options.ts";

/** What each named semantics changes against the defaults. */
export const profileDefaults: Readonly<Record<Semantics, Partial<BrokerOptions>>> = {
  qmtl: {},
  vectorbt: {},
  "backtesting.py": {},
  backtrader: {},
};
