export { loadStrategyClass } from "./load-strategy.ts";
