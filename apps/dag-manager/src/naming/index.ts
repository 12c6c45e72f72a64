export { declaredNamespace, namespaceOf } from "./namespace.ts";
export { queueKindOf, topicConfigs, type QueueKind, type TopicConfig } from "./queue-kind.ts";
export { topicName, topicStem, type TopicSubject } from "./topic-name.ts";
export { versionOf } from "./version.ts";
