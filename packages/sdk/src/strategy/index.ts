export { Node, type FieldRef, type NodeOptions, type ScalarInput } from "./node.ts";
export {
  columnsOperator,
  OperatorNode,
  pairOperator,
  scalarOperator,
  type OperatorNodeOptions,
} from "./operator-node.ts";
export {
  ProcessingNode,
  type InputFields,
  type NodeInputs,
  type OutputFields,
  type ProcessingNodeOptions,
} from "./processing-node.ts";
export { resample, ResampleNode, type AggregationRule, type ResampleOptions } from "./resample-node.ts";
export { SeriesNode, type SeriesNodeOptions, type SeriesOutput } from "./series-node.ts";
export { StreamInput, type BarField, type StreamInputOptions } from "./stream-input.ts";
export { Strategy, type NodeTree, type StrategyClass, type StrategyOptions, type StrategyParams } from "./strategy.ts";
export { MatchMode, TagQueryNode, type TagQueryNodeOptions } from "./tag-query-node.ts";
