import { assert, QmtlError, type Clock, type EpochMs, type NodeId } from "@qmtl/core";
import type { IdentifiedNode, StrategyGraph } from "../graph/build-graph.ts";
import { NodeLeases } from "./node-leases.ts";
import { bucketsOf, type NodeExchange, type SharedNodeAddress } from "./node-exchange.ts";
import { splitGraph, type Split } from "./split-plan.ts";

export interface WrittenNode {
  readonly address: SharedNodeAddress;
  readonly token: number;
  /** Last bucket its queue holds; undefined for an empty one. */
  readonly lastMs: EpochMs | undefined;
}

/** How a run is split from now on. */
export interface Sharing {
  readonly split: Split;
  /** Nodes computed here whose rows others may read, with the token to write them under. */
  readonly written: readonly WrittenNode[];
  readonly readFrom: ReadonlyMap<NodeId, SharedNodeAddress>;
}

export interface NodeSharingOptions {
  readonly exchange: NodeExchange;
  readonly clock: Clock;
  /** One per process start. */
  readonly holder: string;
  readonly graph: StrategyGraph;
  readonly addresses: ReadonlyMap<NodeId, SharedNodeAddress>;
  /** Life of a lease; also how long a node stands still when its process dies. Default 3 s. */
  readonly ttlMs?: number;
  /** Numeric fields of a node's rows; undefined for a node that is not to be shared. */
  fieldsOf(node: IdentifiedNode): readonly string[] | undefined;
  /** Everything that closes at or before this instant has been computed here. */
  closedMs(): EpochMs;
  /** Called when who computes what has changed. */
  onSharing(sharing: Sharing): void;
}

/**
 * Decides, node by node and again and again, whether this process computes it or reads it: who holds a node's lease
 * computes it. A node whose holder is gone is taken over when its lease has run out; one that somebody else computes is
 * read as soon as this process has come as far as its queue begins.
 */
export class NodeSharing {
  readonly #options: NodeSharingOptions;
  readonly #leases: NodeLeases;
  readonly #stop = new AbortController();
  readonly #ttlMs: number;
  #current = "";
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(options: NodeSharingOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? 3_000;
    this.#leases = new NodeLeases(options.exchange, options.clock, {
      holder: options.holder,
      ttlMs: this.#ttlMs,
      // What is lost is somebody else's: find out whose, and read.
      onLost: () => this.#wake(),
    });
    this.#wake();
  }

  async close(): Promise<void> {
    this.#stop.abort(new QmtlError("CANCELLED", "the run was shut down"));
    this.#cancel?.();
    await this.#running?.catch(() => undefined);
    await this.#leases.close();
  }

  #wake(): void {
    if (this.#stop.signal.aborted || this.#running) return;
    this.#cancel?.();
    this.#running = this.#decide()
      // The queues cannot be reached: what is held stays held as long as it was given, and nothing else changes.
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
        if (!this.#stop.signal.aborted) this.#cancel = this.#options.clock.after(this.#ttlMs / 6, () => this.#wake());
      });
  }

  async #decide(): Promise<void> {
    const { graph, addresses, exchange } = this.#options;
    const split = await splitGraph(
      graph,
      (node) => (addresses.has(node.id) ? this.#options.fieldsOf(node) : undefined),
      async ({ id }) => {
        const address = addresses.get(id)!;
        if (await this.#leases.acquire(address)) return true;
        // Until its queue reaches back to where we are, we compute the node for ourselves.
        const held = await bucketsOf(exchange, address, this.#stop.signal);
        return held === undefined || held.firstMs > this.#options.closedMs();
      },
    );
    if (this.#stop.signal.aborted) return;
    const mine = [...split.computed].flatMap((id) => {
      const address = addresses.get(id);
      const token = address && this.#leases.tokenOf(address);
      return address && token !== undefined ? [{ address, token }] : [];
    });
    await this.#leases.releaseOthers(new Set(mine.map(({ address }) => address)));
    const readFrom = new Map(
      [...split.read.keys()].map((id) => {
        const address = addresses.get(id);
        assert(address, "only nodes with an address are read");
        return [id, address] as const;
      }),
    );
    const state = JSON.stringify([[...split.computed], [...readFrom.keys()], mine.map(({ token }) => token)]);
    if (state === this.#current) return;
    const written = await Promise.all(
      mine.map(async (node) => ({
        ...node,
        lastMs: (await bucketsOf(exchange, node.address, this.#stop.signal))?.lastMs,
      })),
    );
    if (this.#stop.signal.aborted) return;
    this.#current = state;
    this.#options.onSharing({ split, written, readFrom });
  }
}
