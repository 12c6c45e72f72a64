export { awkwardColumns, type ColumnOptions } from "./awkward-columns.ts";
export { firstDifference, type Difference } from "./first-difference.ts";
export { publishedBars, publishedValues } from "./published.ts";
export {
  runBatch,
  runInChunks,
  runInMirroredRing,
  runRowByRow,
  type Columns,
  type OperatorRun,
} from "./run-operator.ts";
