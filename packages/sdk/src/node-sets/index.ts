export { intentFirst, type IntentFirstOptions } from "./intent-first.ts";
export { NodeSet, type NodeSetDescription, type NodeSetMode, type NodeSetOptions } from "./node-set.ts";
export { NodeSetBuilder, type OrderComponents } from "./node-set-builder.ts";
export { nodeSets, NodeSetRegistry } from "./registry.ts";
export {
  compose,
  execution,
  fills,
  microBatch,
  orderPublish,
  portfolio,
  pretrade,
  risk,
  router,
  sizing,
  timing,
  type Step,
} from "./steps.ts";
