export { obv } from "./obv.ts";
export { vwap, vwma } from "./vwap.ts";
export { anchoredVwap } from "./anchored-vwap.ts";
export { twap } from "./twap.ts";
export { cmf } from "./cmf.ts";
export { adl } from "./adl.ts";
