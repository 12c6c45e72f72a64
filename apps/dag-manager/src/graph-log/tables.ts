import { sql, type Kysely } from "kysely";

/**
 * The graph on SQL: its changes in the order they were made. Indexes over hashes would be written to at random, page after
 * page; a log is written at its end, so that a change costs as little with a large graph as with a small one.
 */
export interface GraphTables {
  graph_change: {
    version: number;
    /** See `change-text.ts`. */
    body: string;
    /** Specs of the nodes the change brings; see `writeSpecs`. A node's id is the hash of its spec. */
    specs: string;
  };
}

export const graphMigrations = [
  {
    name: "graph-1",
    async up(database: Kysely<unknown>): Promise<void> {
      await sql`create table graph_change (
        version integer not null primary key, body text not null, specs text not null
      )`.execute(database);
    },
  },
];
