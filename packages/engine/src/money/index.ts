export { StepGrid } from "./step-grid.ts";
