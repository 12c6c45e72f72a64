export type {
  ControlBus,
  ControlHandler,
  ControlMessage,
  DeadLetter,
  OutgoingEvent,
  StartPosition,
  SubscribeOptions,
  Subscription,
} from "./control/index.ts";
export type {
  Appended,
  DataLog,
  DivergenceAlarm,
  LogHandler,
  LogRecord,
  LogSubscribeOptions,
  OutgoingRecord,
  TopicConfig,
  TopicInfo,
} from "./data-log/index.ts";
export {
  openEmbeddedControlBus,
  openEmbeddedQueues,
  type EmbeddedControlBusOptions,
  type EmbeddedQueues,
  type EmbeddedQueuesOptions,
} from "./embedded/index.ts";
export type { Retry } from "./following/index.ts";
export { MemoryLeases, type LeaseAnswer, type Leases } from "./leases/index.ts";
