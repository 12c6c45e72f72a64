export {
  garch,
  geometricBrownianMotion,
  heston,
  randomBars,
  rawMarket,
  roughBergomi,
  type GarchOptions,
  type GeometricBrownianMotionOptions,
  type HestonOptions,
  type RandomBarsOptions,
  type RawMarketOptions,
  type RoughBergomiOptions,
} from "@qmtl/engine/generators";
