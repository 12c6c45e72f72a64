export {
  ActivationAck,
  activationAck,
  ActivationUpdated,
  activationUpdated,
  checkActivationAck,
  checkActivationUpdated,
  EffectiveMode,
} from "./activation.ts";
export {
  checkCloudEvent,
  CloudEvent,
  cloudEvent,
  eventSources,
  InstantText,
  readCloudEvent,
  type CloudEventFields,
} from "./cloud-event.ts";
export {
  controlEvents,
  controlReading,
  controlTopics,
  type ControlEventType,
  type ControlReading,
  type ControlTopic,
} from "./control-events.ts";
export { checkPolicyUpdated, PolicyUpdated, policyUpdated } from "./policy.ts";
export {
  checkQueueLifecycle,
  checkQueueUpdated,
  MatchMode,
  QueueDescriptor,
  queueDescriptors,
  queueEventKey,
  QueueLifecycle,
  queueLifecycle,
  QueueUpdated,
  queueUpdated,
} from "./queues.ts";
export { checkSentinelWeightUpdated, SentinelWeightUpdated, sentinelWeightUpdated } from "./sentinel.ts";
