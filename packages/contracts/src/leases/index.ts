export {
  checkOrderAck,
  checkOrderLeaseAnswer,
  checkOrderLeaseRequest,
  checkOrderState,
  OrderAck,
  OrderLeaseAnswer,
  OrderLeaseRequest,
  OrderState,
  WorldPhase,
} from "./order-lease.ts";
