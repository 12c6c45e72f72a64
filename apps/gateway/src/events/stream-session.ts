import type { ClientFrame, StreamTopic } from "@qmtl/contracts/gateway";
import { ClientFrame as ClientFrameSchema } from "@qmtl/contracts/gateway";
import { shapeCheck } from "@qmtl/contracts";
import { formatInstant, type Clock } from "@qmtl/core";
import type { EventClaims } from "@qmtl/service/auth";
import type { ClientChannel, Outlet } from "./client-channel.ts";
import type { EventHub, Mark } from "./event-hub.ts";
import type { Snapshots } from "./snapshots.ts";
import { frameOf, type Scope } from "./stream-event.ts";
import { normalTopics } from "./topics.ts";

/** Close codes (RFC 6455, 7.4.1): what a client did is against the rules, or its permission has ended. */
export const policyViolationCode = 1008;

const checkFrame = shapeCheck(ClientFrameSchema, "the frame");

export interface SessionObserver {
  heartbeat(): void;
  acknowledged(): void;
  refreshed(): void;
  refreshFailed(): void;
}

export interface SessionOptions {
  readonly hub: EventHub;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  /** @throws QmtlError when the token does not hold */
  readonly verify: (token: string) => Promise<EventClaims>;
  readonly observer: SessionObserver;
  /** More from one client end its stream. */
  readonly messagesPerSecondMax: number;
  /** What the client asked the queue snapshot about, from the address it opened. */
  readonly query: URLSearchParams;
}

/** One client of the event stream, from its first snapshots to the end of its token. */
export class StreamSession {
  readonly #options: SessionOptions;
  readonly #channel: ClientChannel;
  #cancelExpiry: () => void = () => {};
  #messages = { sinceMs: 0, count: 0 };

  constructor(options: SessionOptions, claims: EventClaims, outlet: Outlet) {
    this.#options = options;
    this.#channel = options.hub.connect(scopeOf(claims), outlet);
    this.#expireWith(claims);
  }

  /** Sends the first frames: a snapshot for every topic asked for. */
  async begin(): Promise<void> {
    const { scope } = this.#channel;
    const { frames, contained } = await this.#options.snapshots.of(scope, [...scope.topics], this.#options.query);
    this.#channel.open(frames, contained);
  }

  /** A text from the client. */
  async receive(text: string): Promise<void> {
    if (this.#tooMany()) {
      this.end(policyViolationCode, `more than ${this.#options.messagesPerSecondMax} messages a second`);
      return;
    }
    const frame = readFrame(text);
    const { observer, clock } = this.#options;
    if (frame !== undefined && "type" in frame) {
      if (frame.type === "refresh") return this.#refresh(frame.token);
      if (frame.type === "resume") return this.#resume(frame.from);
      observer.acknowledged();
      this.#answer({
        type: "ack",
        ts: formatInstant(clock.nowMs()),
        ...(frame.last_id !== undefined && { last_id: frame.last_id }),
      });
      return;
    }
    observer.heartbeat();
    if (frame !== undefined) this.#answer({ op: "ack" });
  }

  /** The transport can take more. */
  drained(): void {
    this.#channel.flush();
  }

  end(code: number, reason: string): void {
    this.#channel.close(code, reason);
    this.closed();
  }

  /** The transport is gone. */
  closed(): void {
    this.#cancelExpiry();
    this.#options.hub.disconnect(this.#channel);
  }

  async #refresh(token: string): Promise<void> {
    const { hub, verify, observer, clock } = this.#options;
    let claims: EventClaims;
    try {
      claims = await verify(token);
    } catch {
      observer.refreshFailed();
      this.end(policyViolationCode, "the token of the refresh does not hold");
      return;
    }
    if (this.#channel.closed) return;
    const before = this.#channel.scope;
    const after = scopeOf(claims);
    hub.rescope(this.#channel, after);
    this.#expireWith(claims);
    observer.refreshed();
    this.#answer({ type: "refresh_ack", ts: formatInstant(clock.nowMs()) });
    // What it sees for the first time it needs whole.
    const sameScope = before.worldId === after.worldId && before.strategyId === after.strategyId;
    await this.#snapshot([...after.topics].filter((topic) => !sameScope || !before.topics.has(topic)));
  }

  async #resume(marks: readonly Mark[]): Promise<void> {
    const { hub } = this.#options;
    const { replayed, missed } = hub.resume(this.#channel, marks);
    const topics = [...new Set(missed.flatMap(({ topic }) => topic ?? []))].filter((topic) =>
      this.#channel.scope.topics.has(topic),
    );
    this.#answer({ type: "resume_ack", replayed, snapshots: topics });
    await this.#snapshot(topics);
  }

  async #snapshot(topics: readonly StreamTopic[]): Promise<void> {
    if (topics.length === 0) return;
    const { frames } = await this.#options.snapshots.of(this.#channel.scope, topics, this.#options.query);
    for (const frame of frames) this.#channel.answer(frame);
    this.#channel.flush();
  }

  #answer(message: object): void {
    this.#channel.answer(frameOf(message));
    this.#channel.flush();
  }

  #expireWith({ exp }: EventClaims): void {
    this.#cancelExpiry();
    const { clock } = this.#options;
    const leftMs = Math.max(0, exp * 1_000 - clock.nowMs());
    this.#cancelExpiry = clock.after(leftMs, () => this.end(policyViolationCode, "the token has expired"));
  }

  #tooMany(): boolean {
    const { clock, messagesPerSecondMax } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#messages.sinceMs >= 1_000) this.#messages = { sinceMs: nowMs, count: 0 };
    return ++this.#messages.count > messagesPerSecondMax;
  }
}

function scopeOf({ world_id, strategy_id, topics }: EventClaims): Scope {
  return { worldId: world_id, strategyId: strategy_id, topics: new Set(normalTopics(topics, world_id)) };
}

/** Undefined for whatever is no frame of ours: it says that the client lives, and no more. */
function readFrame(text: string): ClientFrame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // Older clients name the kind of an acknowledgement "event".
    const kind = (value as { event?: unknown } | null)?.event;
    return checkFrame(kind === "ack" ? { ...(value as object), type: "ack" } : value);
  } catch {
    return undefined;
  }
}
