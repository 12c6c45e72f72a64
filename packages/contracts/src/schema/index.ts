export { shapeCheck, type ShapeError } from "./shape-check.ts";
