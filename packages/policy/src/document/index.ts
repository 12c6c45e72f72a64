export {
  parsePolicy,
  type DataCurrency,
  type EvidenceRules,
  type ExposureRules,
  type Gate,
  type Hysteresis,
  type Policy,
  type Threshold,
  type TopK,
} from "./policy.ts";
export { readPolicyDocument, refusePolicy, type PolicyDocument } from "./policy-document.ts";
