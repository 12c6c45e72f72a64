import { QmtlError } from "@qmtl/core";

/** What the names of one DAG's topics have in common. */
export interface TopicScheme {
  readonly namespace: string; // "" or "world.domain."
  readonly version: string;
  /** Rows come from a dry run: names end with `_sim`. */
  readonly simulated: boolean;
}

/** What a topic's name says about the node whose output it carries. */
export interface TopicSubject {
  readonly tags: readonly string[];
  readonly nodeType: string;
  readonly nodeId: string;
}

/**
 * Names topics: `{namespace}{asset}_{node type}_{short}_{version}`, where the asset is the first tag and the short form
 * the first eight digits of the node's hash. Where that name is taken the short form grows by two digits at a time;
 * behind the whole hash come `-1`, `-2`, .... Names are lower case throughout, because brokers take names that differ in
 * case for a collision.
 */
export class TopicNamer {
  readonly #namespace: string;
  readonly #ending: string;
  readonly #beginnings = new Map<string, string>(); // by first tag and type: few, and asked for often

  constructor({ namespace, version, simulated }: TopicScheme) {
    this.#namespace = namespace;
    this.#ending = `_${version.toLowerCase()}${simulated ? "_sim" : ""}`;
  }

  /**
   * @param first - the subject's `firstName`
   * @throws QmtlError `QUEUE_CONFLICT` when ten thousand names are taken
   */
  name(subject: TopicSubject, isTaken: (name: string) => boolean, first = this.firstName(subject)): string {
    if (!isTaken(first)) return first;
    const free = this.longerNames(subject).find((name) => !isTaken(name));
    if (free !== undefined) return free;
    const digest = digestOf(subject);
    for (let suffix = 1; suffix <= 9_999; suffix++) {
      const name = this.#name(subject, `${digest}-${suffix}`);
      if (!isTaken(name)) return name;
    }
    throw new QmtlError("QUEUE_CONFLICT", `every name for the queue of node ${subject.nodeId} is taken`, {
      details: { nodeId: subject.nodeId, firstName: first },
    });
  }

  /** The name where no other is taken. */
  firstName(subject: TopicSubject): string {
    return this.#name(subject, digestOf(subject).slice(0, 8));
  }

  /** The names behind the first, up to that with the whole digest. */
  longerNames(subject: TopicSubject): string[] {
    const digest = digestOf(subject);
    const names: string[] = [];
    for (let length = 10; length < digest.length + 2; length += 2) {
      names.push(this.#name(subject, digest.slice(0, length)));
    }
    return names;
  }

  /** What every name of the subject begins with, taken or not. */
  stem(subject: TopicSubject): string {
    return `${this.#beginning(subject)}${digestOf(subject).slice(0, 8)}`;
  }

  #name(subject: TopicSubject, short: string): string {
    return this.#beginning(subject) + short + this.#ending;
  }

  #beginning({ tags: [tag = ""], nodeType }: TopicSubject): string {
    const key = `${tag}\u0000${nodeType}`;
    let beginning = this.#beginnings.get(key);
    if (beginning === undefined) {
      beginning = `${this.#namespace}${sanitized(tag, "asset")}_${sanitized(nodeType, "node")}_`;
      this.#beginnings.set(key, beginning);
    }
    return beginning;
  }
}

const partLengthMax = 40;
const prefix = "blake3:";

function digestOf({ nodeId }: TopicSubject): string {
  return nodeId.startsWith(prefix) ? nodeId.slice(prefix.length) : sanitized(nodeId, "node");
}

function sanitized(text: string, fallback: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9_-]/g, "")
      .slice(0, partLengthMax) || fallback
  );
}
