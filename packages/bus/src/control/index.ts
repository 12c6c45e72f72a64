export type {
  ControlBus,
  ControlHandler,
  ControlMessage,
  DeadLetter,
  OutgoingEvent,
  StartPosition,
  SubscribeOptions,
  Subscription,
} from "./control-bus.ts";
