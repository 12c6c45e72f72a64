export { errorFromWire, wireCodeOf, wireErrorOf, WireError } from "./wire-error.ts";
