export { firstRowAt, sliceFrame, type Frame } from "./frame.ts";
