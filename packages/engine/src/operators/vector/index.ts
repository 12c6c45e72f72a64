export { A, STAGE_FILLS, stageRows, TRIP } from "./account-numbers.ts";
export { widthFor } from "./extremes.ts";
export { VECTOR_SCRATCH_ROWS, vectorUnit, vectorUnitFor, type VectorFunction, type VectorUnit } from "./vector-unit.ts";
