import type { QueueDescriptor, QueueMap } from "@qmtl/contracts/gateway";

/**
 * The queues of each node out of a diff's answer, whose keys are partition keys: `node_id:interval:bucket`, with
 * `#ck=` and the compute key behind it. A node id holds a colon itself, so the key is read from its end.
 */
export function queueMapOf(topicByPartitionKey: Readonly<Record<string, string>>): QueueMap {
  const map = new Map<string, QueueDescriptor[]>();
  for (const [key, topic] of Object.entries(topicByPartitionKey)) {
    addQueue(map, nodeIdOfPartitionKey(key), { queue: topic, global: false });
  }
  return Object.fromEntries(map);
}

/** One map out of those of several worlds: per node every queue once, in the order of the worlds. */
export function mergedQueueMap(maps: readonly QueueMap[]): QueueMap {
  const merged = new Map<string, QueueDescriptor[]>();
  for (const map of maps) {
    for (const [nodeId, queues] of Object.entries(map)) for (const queue of queues) addQueue(merged, nodeId, queue);
  }
  return Object.fromEntries(merged);
}

export function nodeIdOfPartitionKey(key: string): string {
  const withoutContext = key.split("#", 1)[0]!;
  return withoutContext.split(":").slice(0, -2).join(":");
}

function addQueue(map: Map<string, QueueDescriptor[]>, nodeId: string, queue: QueueDescriptor): void {
  const queues = map.get(nodeId);
  if (queues === undefined) map.set(nodeId, [queue]);
  else if (!queues.some((one) => one.queue === queue.queue)) queues.push(queue);
}
