export { canonicalParams, sortedAsciiJson } from "./canonical-json.ts";
export { compareCodePoints, sortByCodePoint } from "./code-point-order.ts";
export { contextKeys } from "./context-keys.ts";
export { Float, float } from "./float.ts";
export { pythonFloat } from "./python-number.ts";
export { jsonDepthMax, readJson } from "./read-json.ts";
export { utf8Into } from "./utf8.ts";
export { isWireObject, plainJson, type WireObject, type WireValue } from "./wire-value.ts";
