export {
  gatewayExchange,
  type NodeExchange,
  type NodeLease,
  type NodeRecord,
  type SharedNodeAddress,
} from "./node-exchange.ts";
export { NodePublisher } from "./node-publisher.ts";
export { NodeSharing, type Sharing } from "./node-sharing.ts";
export { QueueReader } from "./queue-reader.ts";
export { decodeRow } from "./row-payload.ts";
export { splitPlan } from "./split-plan.ts";
