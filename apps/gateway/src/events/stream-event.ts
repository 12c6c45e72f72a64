import type { StreamTopic } from "@qmtl/contracts/gateway";
import { textFrame, textOfFrame } from "./text-frame.ts";

/** A control event on its way to clients. Equal (topic, key, sequence) is one event (safety §4). */
export interface StreamEvent {
  /** null: news of one submission, for that strategy's clients whatever they asked for. */
  readonly topic: StreamTopic | null;
  readonly key: string;
  readonly sequence: number;
  readonly worldId: string | null;
  readonly strategyId: string | null;
  /** Events of one value carry the whole state: of those waiting for one client only the newest is needed. */
  readonly coalesceBy: string | null;
  readonly frame: Frame;
}

/** A message as it stands on the wire, made once and shared by every client. */
export class Frame {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Decoded again: many frames are kept, and few are looked at. */
  get json(): string {
    return textOfFrame(this.bytes);
  }
}

export function frameOf(message: object): Frame {
  return new Frame(textFrame(JSON.stringify(message)));
}

/** What a client may see: its token's world and strategy, and the topics it asked for. */
export interface Scope {
  readonly worldId: string | null; // null: every world, for operators' tokens
  readonly strategyId: string | null; // null: every strategy of the world
  readonly topics: ReadonlySet<StreamTopic>;
}

export function inScope(scope: Scope, event: Pick<StreamEvent, "topic" | "worldId" | "strategyId">): boolean {
  if (event.worldId !== null && scope.worldId !== null && event.worldId !== scope.worldId) return false;
  // A world's activation is counted and hashed as a whole: an order gate could not tell the event of another strategy,
  // kept from it, from one that was lost.
  const isOfWorld = event.topic === "activation" && event.worldId !== null;
  const isOther = event.strategyId !== null && scope.strategyId !== null && event.strategyId !== scope.strategyId;
  if (isOther && !isOfWorld) return false;
  // News of a submission without a strategy to match would be everybody's.
  if (event.topic === null) return event.strategyId !== null;
  return scope.topics.has(event.topic);
}
