export { orderTarget, signTargetsOf, type OrderTargetParams } from "./order-target.ts";
export { simulateBlocks, type BlockAccount } from "./simulate-blocks.ts";
export { simulateColumns, type BarFeed, type OrderSource, type SimulateHooks } from "./simulate-columns.ts";
export {
  deliverOrders,
  simulateStream,
  type StreamAccount,
  type StreamOrderSource,
  type StreamSource,
} from "./simulate-stream.ts";
export { Simulation, type SimulationSnapshot } from "./simulation.ts";
