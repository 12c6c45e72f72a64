import { isUniqueViolation } from "@qmtl/store";
import type { Kysely, Transaction } from "kysely";
import { GraphState, type GraphChange, type GraphEvent, type GraphStore } from "../graph/index.ts";
import { readChange, readSpecs, writeChange, writeSpecs } from "./change-text.ts";
import type { GraphTables } from "./tables.ts";

/** Puts the events of a change into the outbox, within the transaction of the change. */
export type AppendEvents = (transaction: Transaction<GraphTables>, events: readonly GraphEvent[]) => Promise<void>;

/**
 * The graph as a log of changes on SQL, and its sum in memory. Several managers may share one log: a change's version is
 * its key, so of two made at once one is refused, and each reads what others added before it answers.
 */
export class GraphLog implements GraphStore {
  readonly #database: Kysely<GraphTables>;
  readonly #appendEvents: AppendEvents;
  readonly #state = new GraphState();

  private constructor(database: Kysely<GraphTables>, appendEvents: AppendEvents) {
    this.#database = database;
    this.#appendEvents = appendEvents;
  }

  /**
   * Reads the log.
   *
   * @param database - opened with `graphMigrations`
   * @throws QmtlError `STORE_CORRUPT`
   */
  static async open(database: Kysely<GraphTables>, appendEvents: AppendEvents): Promise<GraphLog> {
    const graph = new GraphLog(database, appendEvents);
    await graph.version();
    return graph;
  }

  async version(): Promise<number> {
    await this.#catchUp();
    return this.#state.version;
  }

  async commit(change: GraphChange): Promise<boolean> {
    if (change.baseVersion !== this.#state.version) return false;
    const version = change.baseVersion + 1;
    const { nodes = [], events = [] } = change;
    const kept = this.#state.resolve(change);
    const row = { version, body: writeChange(kept), specs: writeSpecs(nodes.map(({ specText }) => specText)) };
    try {
      await this.#database.transaction().execute(async (transaction) => {
        await transaction.insertInto("graph_change").values(row).execute();
        if (events.length > 0) await this.#appendEvents(transaction, events);
      });
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
    // Another call may have read the row back already.
    if (this.#state.version < version) this.#state.apply(kept, version);
    return true;
  }

  async view({ nodeIds, context, strategyId, setId }: Parameters<GraphStore["view"]>[0]) {
    await this.#catchUp();
    return this.#state.view(nodeIds, context, strategyId, setId);
  }

  async takenTopics(topics: readonly string[]) {
    return new Set(topics.filter((topic) => this.#state.isTaken(topic)));
  }

  async topicsWithStem(stem: string) {
    return this.#state.topicsWithStem(stem);
  }

  async queuesMatching(...[context, query]: Parameters<GraphStore["queuesMatching"]>) {
    return this.#state.queuesMatching(context, query);
  }

  async tagQueries(...[context]: Parameters<GraphStore["tagQueries"]>) {
    return this.#state.tagQueries(context);
  }

  async newestContext(worldId: string, executionDomain: string) {
    return this.#state.newestContext(worldId, executionDomain);
  }

  async hasContext(...[context]: Parameters<GraphStore["hasContext"]>) {
    return this.#state.hasContext(context);
  }

  async sequences(topic: string, keys: readonly string[]) {
    return new Map(
      keys.flatMap((key) => {
        const sequence = this.#state.sequence(topic, key);
        return sequence === undefined ? [] : [[key, sequence] as const];
      }),
    );
  }

  async sentinel(sentinelId: string) {
    await this.#catchUp();
    return this.#state.sentinel(sentinelId);
  }

  async weights() {
    await this.#catchUp();
    return this.#state.weights();
  }

  async contextsOf(strategyId: string) {
    await this.#catchUp();
    return this.#state.contextsOf(strategyId);
  }

  async usage(strategyId?: string) {
    await this.#catchUp();
    return { version: this.#state.version, queues: this.#state.usage(strategyId) };
  }

  async bufferingSince(atMostMs: number) {
    await this.#catchUp();
    return this.#state.bufferingSince(atMostMs);
  }

  async activeQueues() {
    await this.#catchUp();
    return this.#state.activeQueues();
  }

  async counts() {
    await this.#catchUp();
    return this.#state.counts();
  }

  async #catchUp(): Promise<void> {
    const rows = await this.#database
      .selectFrom("graph_change")
      .selectAll()
      .where("version", ">", this.#state.version)
      .orderBy("version")
      .execute();
    for (const { version, body, specs } of rows) {
      // While this call waited, another one may have read the same rows.
      if (version <= this.#state.version) continue;
      const nodeOf = (number: number): string | undefined => this.#state.nodeOf(number);
      this.#state.apply(readChange(body, readSpecs(specs), nodeOf, this.#state.counts().nodes), version);
    }
  }
}
