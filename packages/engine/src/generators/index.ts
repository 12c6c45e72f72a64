export { garch, type GarchOptions } from "./garch.ts";
export { geometricBrownianMotion, type GeometricBrownianMotionOptions } from "./geometric-brownian-motion.ts";
export { heston, type HestonOptions } from "./heston.ts";
export { randomBars, type RandomBarsOptions } from "./random-bars.ts";
export { rawMarket, rawMarketFeatures, type RawMarketOptions } from "./raw-market.ts";
export { roughBergomi, type RoughBergomiOptions } from "./rough-bergomi.ts";
export type { AnnualOptions, SyntheticOptions } from "./synthetic.ts";
export { volterraProcess, type VolterraPath } from "./volterra-process.ts";
