export { crossover } from "./crossover.ts";
export { cross } from "./cross.ts";
export { crossAbove } from "./cross-above.ts";
export { crossBelow } from "./cross-below.ts";
