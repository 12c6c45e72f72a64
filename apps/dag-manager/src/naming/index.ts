export { declaredNamespace, namespaceOf } from "./namespace.ts";
export { queueKindOf, topicConfigs, type QueueKind, type TopicConfig } from "./queue-kind.ts";
export { TopicNamer } from "./topic-name.ts";
export { versionOf } from "./version.ts";
