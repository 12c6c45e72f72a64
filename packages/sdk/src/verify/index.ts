export { firstDifference, type Difference } from "./compare-runs.ts";
export {
  describeLookahead,
  verifyLookahead,
  type LookaheadOptions,
  type LookaheadReport,
  type RewrittenNode,
  type StartSensitivity,
} from "./lookahead.ts";
export { verifyParity, type ParityOptions, type ParityReport } from "./parity.ts";
