export { openEmbeddedControlBus, type EmbeddedControlBusOptions } from "./embedded-control-bus.ts";
export { openEmbeddedQueues, type EmbeddedQueues, type EmbeddedQueuesOptions } from "./open-embedded-queues.ts";
