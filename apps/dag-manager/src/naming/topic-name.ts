import { QmtlError } from "@qmtl/core";

/** What a topic's name says about the node whose output it carries. */
export interface TopicSubject {
  readonly namespace: string; // "" or "world.domain."
  readonly tags: readonly string[];
  readonly nodeType: string;
  readonly nodeId: string;
  readonly version: string;
  /** Its rows come from a dry run: the name ends with `_sim`. */
  readonly simulated: boolean;
}

/**
 * `{namespace}{asset}_{node type}_{short}_{version}`: the asset is the first tag, the short form the first eight digits
 * of the node's hash. Where that name is taken the short form grows by two digits at a time; behind the whole hash come
 * `-1`, `-2`, .... Names are lower case throughout, because brokers take names that differ in case for a collision.
 *
 * @throws QmtlError `QUEUE_CONFLICT` after 9,999 of them
 */
export function topicName(subject: TopicSubject, isTaken: (name: string) => boolean): string {
  const digest = digestOf(subject);
  for (let length = 8; length < digest.length + 2; length += 2) {
    const name = nameWith(subject, digest.slice(0, length));
    if (!isTaken(name)) return name;
  }
  for (let suffix = 1; suffix <= 9_999; suffix++) {
    const name = nameWith(subject, `${digest}-${suffix}`);
    if (!isTaken(name)) return name;
  }
  throw new QmtlError("QUEUE_CONFLICT", `every name for the queue of node ${subject.nodeId} is taken`, {
    details: { nodeId: subject.nodeId, firstName: nameWith(subject, digest.slice(0, 8)) },
  });
}

/** What every name of the subject begins with, taken or not. */
export function topicStem(subject: TopicSubject): string {
  return `${beforeShort(subject)}${digestOf(subject).slice(0, 8)}`;
}

const partLengthMax = 40;

function nameWith(subject: TopicSubject, short: string): string {
  return `${beforeShort(subject)}${short}_${subject.version}${subject.simulated ? "_sim" : ""}`.toLowerCase();
}

function beforeShort({ namespace, tags, nodeType }: TopicSubject): string {
  const asset = sanitized((tags[0] ?? "").toLowerCase(), /[^a-z0-9_-]/g, "asset");
  return `${namespace}${asset}_${sanitized(nodeType.toLowerCase(), /[^a-z0-9_-]/g, "node")}_`;
}

function digestOf({ nodeId }: TopicSubject): string {
  return /[0-9a-f]{8,64}$/.exec(nodeId)?.[0] ?? sanitized(nodeId, /[^A-Za-z0-9]/g, "node");
}

function sanitized(text: string, refused: RegExp, fallback: string): string {
  return text.replace(refused, "").slice(0, partLengthMax) || fallback;
}
