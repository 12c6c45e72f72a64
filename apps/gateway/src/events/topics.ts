import { nearestWord, QmtlError } from "@qmtl/core";
import type { StreamTopic } from "@qmtl/contracts/gateway";

export const streamTopics = ["activation", "policy", "queue", "deprecation"] as const satisfies readonly StreamTopic[];

const aliases: Readonly<Record<string, StreamTopic>> = {
  activation: "activation",
  activations: "activation",
  sentinel: "activation", // weights of versions steer who is active
  sentinel_weight: "activation",
  policy: "policy",
  policies: "policy",
  queue: "queue",
  queues: "queue",
  deprecation: "deprecation",
};

/**
 * The topics a client asks for, by their normal names, each once. `w/{world}/queues` is the same as `queues` in its
 * own world.
 *
 * @throws QmtlError `REQUEST_INVALID` for a topic nobody publishes: dropping it would leave a client waiting for ever;
 *   `PERMISSION_DENIED` for another world's
 */
export function normalTopics(asked: readonly string[], worldId: string): StreamTopic[] {
  const topics = asked.map((text) => {
    const [, world, rest] = /^w\/([^/]+)\/(.+)$/.exec(text) ?? [];
    if (world !== undefined && world !== worldId) {
      throw new QmtlError(
        "PERMISSION_DENIED",
        `topic "${text}" belongs to world "${world}"; the scope is "${worldId}"`,
      );
    }
    const word = (rest ?? text).trim().toLowerCase();
    const topic = Object.hasOwn(aliases, word) ? aliases[word] : undefined;
    if (topic !== undefined) return topic;
    const near = nearestWord(word, Object.keys(aliases));
    throw new QmtlError("REQUEST_INVALID", `topics must be of ${streamTopics.join(", ")}; found "${text}"`, {
      hint: near === undefined ? `ask for one of ${streamTopics.join(", ")}` : `did you mean "${near}"?`,
    });
  });
  return [...new Set(topics)];
}
