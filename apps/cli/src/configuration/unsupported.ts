import { settings, type Config } from "@qmtl/service/config";
import type { ConfigTarget } from "../commands/config.ts";

/** A setting that this version would not follow. */
export interface SettingWithoutEffect {
  readonly target: Exclude<ConfigTarget, "all">;
  readonly part: string;
  readonly setting: string;
  readonly message: string;
  readonly hint: string;
}

const noBackend = "names a backend this version does not have";
const noKafka = "is for a log or bus on Kafka, which this version does not have";
const noNeo4j = "is for Neo4j, which this version does not have";
const fixedTopic = "has no effect: topics of the embedded control bus have fixed names";
const keptHere = "leave it out: what it would keep is kept in the state folder";
const leaveOut = "leave it out";

type Rule = readonly [target: SettingWithoutEffect["target"], part: string, key: string, message: string, hint: string];

// Each with its default is what a file without it says; anything else asks for what nobody would do.
const rules: readonly Rule[] = [
  ["gateway", "redis", "gateway.redis_dsn", noBackend, keptHere],
  ["gateway", "database", "gateway.database_dsn", noBackend, keptHere],
  ["gateway", "controlbus", "gateway.controlbus_dsn", noBackend, keptHere],
  ["gateway", "controlbus", "gateway.controlbus_brokers", noBackend, keptHere],
  ["gateway", "controlbus", "gateway.controlbus_topics", fixedTopic, leaveOut],
  ["gateway", "controlbus", "gateway.controlbus_group", noKafka, leaveOut],
  ["gateway", "controlbus", "gateway.controlbus_ack_topic", fixedTopic, leaveOut],
  ["gateway", "commitlog", "gateway.commitlog_bootstrap", noBackend, keptHere],
  ["gateway", "commitlog", "gateway.commitlog_topic", noKafka, leaveOut],
  ["gateway", "commitlog", "gateway.commitlog_group", noKafka, leaveOut],
  ["gateway", "commitlog", "gateway.commitlog_transactional_id", noKafka, leaveOut],
  ["dagmanager", "neo4j", "dagmanager.neo4j_dsn", noBackend, keptHere],
  ["dagmanager", "neo4j", "dagmanager.neo4j_user", noNeo4j, leaveOut],
  ["dagmanager", "neo4j", "dagmanager.neo4j_password", noNeo4j, leaveOut],
  ["dagmanager", "neo4j", "dagmanager.memory_repo_path", noBackend, keptHere],
  ["dagmanager", "kafka", "dagmanager.kafka_dsn", noBackend, keptHere],
  ["dagmanager", "kafka", "dagmanager.kafka_metrics_url", noBackend, keptHere],
  ["dagmanager", "controlbus", "dagmanager.controlbus_dsn", noBackend, keptHere],
  ["dagmanager", "controlbus", "dagmanager.controlbus_queue_topic", fixedTopic, leaveOut],
  ["worldservice", "database", "worldservice.dsn", noBackend, keptHere],
  ["worldservice", "redis", "worldservice.redis", noBackend, keptHere],
  ["worldservice", "controlbus", "worldservice.controlbus_brokers", noBackend, keptHere],
  ["worldservice", "controlbus", "worldservice.controlbus_topic", fixedTopic, leaveOut],
  [
    "gateway",
    "domain",
    "connectors.execution_domain",
    "has no effect: the domain of a run is what its world decides, and backtest without a world",
    leaveOut,
  ],
];

const issuerKeys = ["issuer", "jwks_url", "audience"] as const;

/**
 * What a configuration asks for that nothing would follow. A service that went on without it would keep its data elsewhere
 * than it was told, or let in whom it was told to keep out.
 */
export function settingsWithoutEffect(config: Config): SettingWithoutEffect[] {
  const given = (path: string): boolean => isGiven(config, path);
  const found = rules
    .filter(([, , path]) => given(path))
    .map(([target, part, path, message, hint]) => ({
      target,
      part,
      setting: path,
      message: `${path} ${message}`,
      hint,
    }));
  const { gateway, auth } = config;
  if (gateway.database_backend === "postgres") {
    const setting = "gateway.database_backend";
    found.push({ target: "gateway", part: "database", setting, message: `${setting} ${noBackend}`, hint: keptHere });
  }
  if (auth.mode === "oidc") return found;
  for (const setting of issuerKeys.map((key) => `auth.${key}`).filter(given)) {
    const message = `${setting} has no effect while auth.mode is ${auth.mode}`;
    found.push({ target: "gateway", part: "auth", setting, message, hint: "set auth.mode to oidc, or leave it out" });
  }
  return found;
}

/** Whether a setting, `section.key`, says something else than a configuration without it. */
export function isGiven(config: Config, path: string): boolean {
  const [section, key] = path.split(".") as [keyof Config, string];
  const value = (config[section] as Readonly<Record<string, unknown>>)[key];
  return JSON.stringify(value) !== JSON.stringify(defaultOf(path));
}

function defaultOf(path: string): unknown {
  return settings.find((setting) => setting.path.join(".") === path)!.schema.default;
}
