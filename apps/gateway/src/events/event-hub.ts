import { channelLimits, ClientChannel, type ChannelLimits, type Outlet } from "./client-channel.ts";
import { EventLog, type Admission } from "./event-log.ts";
import { inScope, type Scope, type StreamEvent } from "./stream-event.ts";

export interface HubLimits extends ChannelLimits {
  /** Bytes of events kept for clients that come back. */
  readonly retainedBytesMax: number;
  /** Keys whose last sequence is remembered. */
  readonly keysMax: number;
}

export const hubLimits: HubLimits = { ...channelLimits, retainedBytesMax: 32_000_000, keysMax: 100_000 };

/** What the hub tells those who count. */
export interface HubObserver {
  fannedOut(event: StreamEvent, clients: number): void;
  duplicate(event: StreamEvent): void;
  slowClient(channel: ClientChannel): void;
}

export interface Mark {
  readonly topic: StreamEvent["topic"];
  readonly key: string;
  readonly sequence: number;
}

/**
 * Hands control events to the clients that may see them. No clock, no socket: transports are `Outlet`s, and `flush` is
 * called by whoever turns the crank.
 */
export class EventHub {
  readonly #limits: HubLimits;
  readonly #log: EventLog;
  readonly #observer: HubObserver | undefined;
  readonly #channels = new Set<ClientChannel>();
  /** Channels by world, for events that name one; those that see every world are under null. */
  readonly #byWorld = new Map<string | null, Set<ClientChannel>>();
  readonly #touched = new Set<ClientChannel>();

  constructor(limits: HubLimits = hubLimits, observer?: HubObserver) {
    this.#limits = limits;
    this.#log = new EventLog(limits.retainedBytesMax, limits.keysMax);
    this.#observer = observer;
  }

  get size(): number {
    return this.#channels.size;
  }

  /** How many clients have asked for a topic. */
  subscribers(topic: string): number {
    let count = 0;
    for (const { scope } of this.#channels) if ((scope.topics as ReadonlySet<string>).has(topic)) count++;
    return count;
  }

  /** The channel gets events from now on; they wait until it is opened with its snapshots. */
  connect(scope: Scope, outlet: Outlet): ClientChannel {
    const channel = new ClientChannel(scope, outlet, this.#limits);
    this.#channels.add(channel);
    this.#worldOf(scope.worldId).add(channel);
    return channel;
  }

  rescope(channel: ClientChannel, scope: Scope): void {
    this.#leaveWorld(channel);
    channel.scope = scope;
    this.#worldOf(scope.worldId).add(channel);
  }

  disconnect(channel: ClientChannel): void {
    this.#channels.delete(channel);
    this.#touched.delete(channel);
    this.#leaveWorld(channel);
  }

  /** Takes an event that comes at least once, in order per key. Repeats end here. */
  publish(event: StreamEvent): Admission {
    const admission = this.#log.admit(event);
    if (admission === "duplicate") {
      this.#observer?.duplicate(event);
      return admission;
    }
    let clients = 0;
    for (const group of this.#groupsFor(event)) {
      for (const channel of group) {
        if (!inScope(channel.scope, event)) continue;
        clients++;
        if (channel.offer(event)) this.#touched.add(channel);
        else this.#lose(channel);
      }
    }
    this.#observer?.fannedOut(event, clients);
    return admission;
  }

  /** Lets every channel that has news send it. */
  flush(): void {
    for (const channel of this.#touched) channel.flush();
    this.#touched.clear();
  }

  /**
   * Sends a client what it missed.
   *
   * @returns how many events, and the marks for which it needs a snapshot because the events are not kept any more
   */
  resume(channel: ClientChannel, marks: readonly Mark[]): { replayed: number; missed: Mark[] } {
    let replayed = 0;
    const missed: Mark[] = [];
    for (const mark of marks) {
      const events = this.#log.after(mark.topic, mark.key, mark.sequence);
      if (events === undefined) {
        missed.push(mark);
        continue;
      }
      for (const event of events) {
        if (!inScope(channel.scope, event)) continue;
        replayed++;
        if (!channel.answer(event.frame)) {
          this.#lose(channel);
          return { replayed, missed };
        }
      }
    }
    channel.flush();
    return { replayed, missed };
  }

  lastSequence(topic: StreamEvent["topic"], key: string): number {
    return this.#log.last(topic, key);
  }

  /** Channels that may see what stands under a topic in a world: who needs a snapshot after a gap. */
  channelsOf(event: Pick<StreamEvent, "topic" | "worldId" | "strategyId">): ClientChannel[] {
    return this.#groupsFor(event).flatMap((group) => [...group].filter(({ scope }) => inScope(scope, event)));
  }

  closeAll(code: number, reason: string): void {
    for (const channel of this.#channels) channel.close(code, reason);
    this.#channels.clear();
    this.#byWorld.clear();
    this.#touched.clear();
  }

  #lose(channel: ClientChannel): void {
    this.disconnect(channel);
    this.#observer?.slowClient(channel);
  }

  #groupsFor({ worldId }: Pick<StreamEvent, "worldId">): readonly ReadonlySet<ClientChannel>[] {
    if (worldId === null) return [this.#channels];
    return [this.#byWorld.get(worldId) ?? noChannels, this.#byWorld.get(null) ?? noChannels];
  }

  #worldOf(worldId: string | null): Set<ClientChannel> {
    const group = this.#byWorld.get(worldId) ?? new Set();
    this.#byWorld.set(worldId, group);
    return group;
  }

  #leaveWorld(channel: ClientChannel): void {
    const group = this.#byWorld.get(channel.scope.worldId);
    group?.delete(channel);
    if (group?.size === 0) this.#byWorld.delete(channel.scope.worldId);
  }
}

const noChannels: ReadonlySet<ClientChannel> = new Set();
