export { A } from "./account-rows.ts";
export { widthFor } from "./extremes.ts";
export { VECTOR_SCRATCH_ROWS, vectorUnit, vectorUnitFor, type VectorFunction, type VectorUnit } from "./vector-unit.ts";
