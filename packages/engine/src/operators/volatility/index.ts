export { trueRange } from "./true-range.ts";
export { atr } from "./atr.ts";
export { bollingerBands } from "./bollinger-bands.ts";
export { bollingerPercentB } from "./bollinger-percent-b.ts";
export { bollingerWidth } from "./bollinger-width.ts";
export { keltnerChannel } from "./keltner-channel.ts";
export { chandelierExit } from "./chandelier-exit.ts";
export { ulcerIndex } from "./ulcer-index.ts";
export { volatility, roughBergomi } from "./volatility.ts";
