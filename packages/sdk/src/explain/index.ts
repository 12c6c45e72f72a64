export { explainMoment, explainOrder, type Explanation, type NodeMoment } from "./explain.ts";
export { explainSharing, type SharedNode, type SharingReport } from "./sharing.ts";
