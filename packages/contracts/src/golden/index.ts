export {
  checksumVectors,
  collisionVector,
  computeKeyVectors,
  documentVectors,
  evalKeyVector,
  nodeVectors,
  type ComputeKeyVector,
  type NodeVector,
} from "./identity-vectors.ts";
