export { appendOutbox, nextSequence, type OutboxEvent } from "./append-outbox.ts";
export { OutboxRelay, type EventSink, type OutboxRelayOptions } from "./outbox-relay.ts";
export {
  idleRelay,
  relayStep,
  type Relay,
  type RelayEffect,
  type RelayInput,
  type RelayOptions,
  type RelayRow,
  type RelayState,
  type RelayStep,
} from "./relay-step.ts";
