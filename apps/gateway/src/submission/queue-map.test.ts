import { partitionKey } from "@qmtl/core";
import { expect, it } from "vitest";
import { mergedQueueMap, nodeIdOfPartitionKey, queueMapOf } from "./queue-map.ts";

it.each([
  [partitionKey("blake3:aa", 60, 0), "blake3:aa"],
  [partitionKey("blake3:aa", 60, 1_700_000_000, "blake3:cc"), "blake3:aa"],
  [partitionKey("plain"), "plain"],
  [partitionKey("a:b:c", 1, 2), "a:b:c"],
])("reads the node id out of %s", (key, nodeId) => expect(nodeIdOfPartitionKey(key)).toBe(nodeId));

it("gathers the queues of a node", () => {
  const [a, other, b] = [
    partitionKey("blake3:a", 60, 0, "blake3:x"),
    partitionKey("blake3:a", 60, 60, "blake3:x"),
    partitionKey("blake3:b", 60),
  ];
  expect(queueMapOf({ [a]: "q1", [b]: "q2", [other]: "q3" })).toEqual({
    "blake3:a": [
      { queue: "q1", global: false },
      { queue: "q3", global: false },
    ],
    "blake3:b": [{ queue: "q2", global: false }],
  });
});

it("joins the maps of several worlds, each queue once", () => {
  const queue = (name: string) => ({ queue: name, global: false });
  expect(
    mergedQueueMap([{ n: [queue("w1.q")], shared: [queue("g")] }, { n: [queue("w2.q")], shared: [queue("g")] }, {}]),
  ).toEqual({ n: [queue("w1.q"), queue("w2.q")], shared: [queue("g")] });
});
