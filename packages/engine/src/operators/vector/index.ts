export { vectorUnit, vectorUnitFor, type VectorUnit } from "./vector-unit.ts";
