export {
  DagDocument,
  DagNode,
  NodeIdentityDetail,
  readDagDocument,
  validateNodeIdentity,
  wireNodeSpec,
  type IdentifiedNode,
} from "./dag/index.ts";
export {
  checkFillEvent,
  checkOrderAck,
  checkOrderPayload,
  checkPortfolioSnapshot,
  FillEvent,
  OrderAck,
  OrderPayload,
  PortfolioSnapshot,
} from "./orders/index.ts";
export { shapeCheck, type ShapeError } from "./schema/index.ts";
