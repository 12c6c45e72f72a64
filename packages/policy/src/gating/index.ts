export { parseGatingPolicy, type GatingPolicy } from "./gating-policy.ts";
