export {
  inputIdsOf,
  type Aggregation,
  type ComputeFunction,
  type ComputeNode,
  type FieldInput,
  type GraphNode,
  type KeyedInput,
  type MissingPolicy,
  type OperatorNode,
  type ResampleNode,
  type SeriesFunction,
  type SeriesNode,
  type SourceNode,
} from "./graph.ts";
export {
  planGraph,
  type Grid,
  type JoinGrid,
  type Plan,
  type PlannedNode,
  type ResampleGrid,
  type SourceGrid,
} from "./plan.ts";
export { topologicalOrder } from "./topological-order.ts";
