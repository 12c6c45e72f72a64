export {
  DagComputeContext,
  DagDocument,
  DagMeta,
  DagNode,
  readDagDocument,
  schemaVersions,
  type IdentifiedNode,
} from "./dag-document.ts";
export { NodeIdentityDetail, requiredIdentityFields, validateNodeIdentity } from "./validate-node-identity.ts";
export { wireNodeSpec } from "./wire-node-spec.ts";
