export { crossover } from "./pairwise/crossover.ts";
export { ema } from "./trend/ema.ts";
export { sma } from "./trend/sma.ts";
export { indicatorOperators } from "./indicator-operators.ts";
export { operatorRegistry } from "./registry.ts";
export { completeParams, readChoice, readFlag, readNumber, readPeriod } from "./kernel-parts/index.ts";
