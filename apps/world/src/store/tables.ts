import { storeMigrations, type Migration, type StoreTables } from "@qmtl/store";
import type { Kysely } from "kysely";

/** Times are epoch milliseconds; flags are 0 or 1; documents are JSON text. */
export interface WorldTables extends StoreTables {
  worlds: {
    id: string;
    state: string; // ACTIVE, SUSPENDED, DELETED
    /** What its owner says of it: name, description, labels, fingerprints, ... */
    profile: string;
    allow_live: number;
    default_policy_version: number; // 0: none
    revision: number;
    /** Mode the last apply has set; what allows less than it wins. */
    mode: string;
    phase: string;
    epoch: number;
    sequence: number;
    policy_sequence: number;
    killed: string | null;
    run_id: string | null;
    /** Ids of the strategies that may trade, best first. */
    decisions: string;
    /** What hysteresis remembers, by strategy. */
    memory: string;
    data_is_current: number;
    decided_ms: number;
    created_ms: number;
    updated_ms: number;
  };
  world_policies: { world_id: string; version: number; document: string; checksum: string; created_ms: number };
  world_bindings: { world_id: string; strategy_id: string };
  world_activation: {
    world_id: string;
    strategy_id: string;
    side: string;
    active: number;
    weight: number;
    freeze: number;
    drain: number;
    effective_mode: string | null;
    run_id: string;
    written_ms: number;
    version: number;
  };
  world_runs: {
    world_id: string;
    run_id: string;
    request_hash: string;
    stage: string;
    error: string | null;
    /** 1 while it has not ended; a unique index keeps it to one per world. */
    in_flight: number;
    target: string;
    snapshot: string;
    actor: string;
    correlation_id: string;
    started_ms: number;
    updated_ms: number;
  };
  world_decision_log: { world_id: string; revision: number; decided_ms: number; body: string };
  world_evaluations: {
    world_id: string;
    evaluation_id: string;
    position: number;
    decided_ms: number;
    policy_version: number; // 0: the policy came with the request
    policy: string;
    inputs: string;
    decision: string;
  };
  world_nodes: {
    world_id: string;
    node_id: string;
    execution_domain: string;
    status: string;
    last_eval_key: string | null;
    annotations: string | null;
  };
  world_edge_overrides: {
    world_id: string;
    src_node_id: string;
    dst_node_id: string;
    active: number;
    reason: string | null;
    updated_ms: number;
  };
  world_validations: {
    world_id: string;
    node_id: string;
    execution_domain: string;
    eval_key: string;
    context: string;
    result: string;
    metrics: string;
    validated_ms: number;
  };
  world_allocations: {
    world_id: string;
    allocation: number;
    run_id: string;
    etag: string;
    strategy_alloc_total: string | null;
    updated_ms: number;
  };
  world_allocation_runs: { run_id: string; etag: string; created_ms: number };
}

type Column = "text" | "bigint" | "double precision";

interface Shape {
  readonly columns: Readonly<Record<string, Column>>;
  readonly nullable?: readonly string[];
  readonly key: readonly string[];
}

const tables: Readonly<Record<string, Shape>> = {
  worlds: {
    key: ["id"],
    nullable: ["killed", "run_id"],
    columns: {
      id: "text",
      state: "text",
      profile: "text",
      allow_live: "bigint",
      default_policy_version: "bigint",
      revision: "bigint",
      mode: "text",
      phase: "text",
      epoch: "bigint",
      sequence: "bigint",
      policy_sequence: "bigint",
      killed: "text",
      run_id: "text",
      decisions: "text",
      memory: "text",
      data_is_current: "bigint",
      decided_ms: "bigint",
      created_ms: "bigint",
      updated_ms: "bigint",
    },
  },
  world_policies: {
    key: ["world_id", "version"],
    columns: { world_id: "text", version: "bigint", document: "text", checksum: "text", created_ms: "bigint" },
  },
  world_bindings: { key: ["world_id", "strategy_id"], columns: { world_id: "text", strategy_id: "text" } },
  world_activation: {
    key: ["world_id", "strategy_id", "side"],
    nullable: ["effective_mode"],
    columns: {
      world_id: "text",
      strategy_id: "text",
      side: "text",
      active: "bigint",
      weight: "double precision",
      freeze: "bigint",
      drain: "bigint",
      effective_mode: "text",
      run_id: "text",
      written_ms: "bigint",
      version: "bigint",
    },
  },
  world_runs: {
    key: ["world_id", "run_id"],
    nullable: ["error"],
    columns: {
      world_id: "text",
      run_id: "text",
      request_hash: "text",
      stage: "text",
      error: "text",
      in_flight: "bigint",
      target: "text",
      snapshot: "text",
      actor: "text",
      correlation_id: "text",
      started_ms: "bigint",
      updated_ms: "bigint",
    },
  },
  world_decision_log: {
    key: ["world_id", "revision"],
    columns: { world_id: "text", revision: "bigint", decided_ms: "bigint", body: "text" },
  },
  world_evaluations: {
    key: ["world_id", "evaluation_id"],
    columns: {
      world_id: "text",
      evaluation_id: "text",
      position: "bigint",
      decided_ms: "bigint",
      policy_version: "bigint",
      policy: "text",
      inputs: "text",
      decision: "text",
    },
  },
  world_nodes: {
    key: ["world_id", "node_id", "execution_domain"],
    nullable: ["last_eval_key", "annotations"],
    columns: {
      world_id: "text",
      node_id: "text",
      execution_domain: "text",
      status: "text",
      last_eval_key: "text",
      annotations: "text",
    },
  },
  world_edge_overrides: {
    key: ["world_id", "src_node_id", "dst_node_id"],
    nullable: ["reason"],
    columns: {
      world_id: "text",
      src_node_id: "text",
      dst_node_id: "text",
      active: "bigint",
      reason: "text",
      updated_ms: "bigint",
    },
  },
  world_validations: {
    key: ["world_id", "node_id", "execution_domain"],
    columns: {
      world_id: "text",
      node_id: "text",
      execution_domain: "text",
      eval_key: "text",
      context: "text",
      result: "text",
      metrics: "text",
      validated_ms: "bigint",
    },
  },
  world_allocations: {
    key: ["world_id"],
    nullable: ["strategy_alloc_total"],
    columns: {
      world_id: "text",
      allocation: "double precision",
      run_id: "text",
      etag: "text",
      strategy_alloc_total: "text",
      updated_ms: "bigint",
    },
  },
  world_allocation_runs: {
    key: ["run_id"],
    columns: { run_id: "text", etag: "text", created_ms: "bigint" },
  },
};

const ownMigrations: readonly Migration[] = [
  {
    name: "world-1",
    async up(database: Kysely<unknown>) {
      for (const [name, { columns, nullable = [], key }] of Object.entries(tables)) {
        let table = database.schema.createTable(name);
        for (const [column, type] of Object.entries(columns)) {
          table = table.addColumn(column, type, (builder) => (nullable.includes(column) ? builder : builder.notNull()));
        }
        await table.addPrimaryKeyConstraint(`${name}_key`, [...key] as never[]).execute();
      }
      await database.schema
        .createIndex("world_runs_in_flight")
        .on("world_runs")
        .column("world_id")
        .unique()
        .where("in_flight" as never, "=", 1 as never)
        .execute();
      await database.schema
        .createIndex("world_evaluations_order")
        .on("world_evaluations")
        .columns(["world_id", "position"])
        .execute();
    },
  },
];

/** The schema of the WorldService's database. */
export const worldMigrations: readonly Migration[] = [...storeMigrations, ...ownMigrations];
