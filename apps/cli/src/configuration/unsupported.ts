import type { Config } from "@qmtl/service/config";
import type { ConfigTarget } from "../commands/config.ts";

/** A setting that names a backend this version cannot use. */
export interface BackendNotThere {
  readonly target: Exclude<ConfigTarget, "all">;
  readonly part: string;
  readonly setting: string;
}

/**
 * What a configuration asks for that only the embedded backends stand in for. A service that went on without it would
 * keep its data elsewhere than it was told.
 */
export function backendsNotThere({ gateway, dagmanager, worldservice }: Config): BackendNotThere[] {
  const asked: [BackendNotThere["target"], string, string, boolean][] = [
    ["gateway", "redis", "redis_dsn", gateway.redis_dsn !== null],
    ["gateway", "database", "database_backend", gateway.database_backend === "postgres"],
    ["gateway", "database", "database_dsn", gateway.database_dsn !== null],
    ["gateway", "controlbus", "controlbus_dsn", gateway.controlbus_dsn !== null],
    ["gateway", "controlbus", "controlbus_brokers", gateway.controlbus_brokers.length > 0],
    ["gateway", "commitlog", "commitlog_bootstrap", gateway.commitlog_bootstrap !== null],
    ["dagmanager", "neo4j", "neo4j_dsn", dagmanager.neo4j_dsn !== null],
    ["dagmanager", "neo4j", "memory_repo_path", dagmanager.memory_repo_path !== null],
    ["dagmanager", "kafka", "kafka_dsn", dagmanager.kafka_dsn !== null],
    ["dagmanager", "kafka", "kafka_metrics_url", dagmanager.kafka_metrics_url !== null],
    ["dagmanager", "controlbus", "controlbus_dsn", dagmanager.controlbus_dsn !== null],
    ["worldservice", "database", "dsn", worldservice.dsn !== null],
    ["worldservice", "redis", "redis", worldservice.redis !== null],
    ["worldservice", "controlbus", "controlbus_brokers", worldservice.controlbus_brokers.length > 0],
  ];
  return asked
    .filter(([, , , isAsked]) => isAsked)
    .map(([target, part, key]) => ({ target, part, setting: `${target}.${key}` }));
}
