import { Type, type Static } from "typebox";
import {
  choice,
  count,
  countOrNull,
  flag,
  portNumber,
  seconds,
  secretOrNull,
  text,
  textOrNull,
  texts,
} from "./setting.ts";

const closed = { additionalProperties: false } as const;

const GatewaySection = Type.Object(
  {
    host: text("127.0.0.1", "address to listen on; anything but this machine needs auth.mode local or oidc"),
    port: portNumber(8_000, "HTTP and WebSocket port; 0 takes a free one"),
    dagmanager_url: text("http://127.0.0.1:50051", "gRPC address of the DAG Manager"),
    worldservice_url: textOrNull("HTTP address of the WorldService; without one, worlds are not served"),
    worldservice_timeout: seconds(0.3, "seconds one call to the WorldService may take", { maximum: 60 }),
    worldservice_retries: count(2, "further attempts of a call that may be repeated", { maximum: 10 }),
    enable_worldservice_proxy: flag(true, "serve /worlds by asking the WorldService"),
    enforce_live_guard: flag(true, "ask for X-Allow-Live: true where live trading may start"),
    insert_sentinel: flag(true, "add a version sentinel to each submission"),
    database_backend: choice(["sqlite", "postgres", "memory"], "sqlite", "where submissions are kept"),
    database_dsn: secretOrNull("database to connect to; by default gateway.db in the state folder"),
    redis_dsn: secretOrNull("Redis for shared short-lived state; by default the process's memory"),
    controlbus_dsn: secretOrNull("control bus; by default the one in the state folder"),
    controlbus_brokers: texts("Kafka brokers of the control bus"),
    controlbus_topics: texts("further control topics to follow"),
    controlbus_group: text("gateway", "name of this Gateway among the readers of the control bus"),
    controlbus_ack_topic: text("control.activation.ack", "topic of activation acknowledgements"),
    commitlog_bootstrap: textOrNull("Kafka brokers of the commit log; by default the one in the state folder"),
    commitlog_topic: text("gateway.ingest", "topic of the commit log"),
    commitlog_group: text("gateway-commit", "reader group of the commit log"),
    commitlog_transactional_id: text("gateway-commit-writer", "prefix of the commit log's transactional ids"),
    submission_bytes_max: count(16_777_216, "largest submission, as sent and unpacked", { minimum: 1_024 }),
    fill_secret: secretOrNull("key of the HMAC over fill webhooks; without one only tokens are taken"),
    events: Type.Object(
      {
        ttl: count(300, "seconds an event token holds", { minimum: 10, maximum: 300 }),
        stream_url: textOrNull("address clients open for events; by default this Gateway's own"),
        fallback_url: textOrNull("second address for events"),
      },
      closed,
    ),
    websocket: Type.Object(
      { rate_limit_per_sec: countOrNull("messages one event client may send in a second, 50 by default; more end it") },
      closed,
    ),
    degrade_on_cpu: flag(
      false,
      "serve less while the machine is busy: above 85 % of its processors no submissions, above 95 % nothing",
    ),
  },
  closed,
);

const DagManagerSection = Type.Object(
  {
    neo4j_dsn: secretOrNull("Neo4j to keep the graph in; by default dag.db in the state folder"),
    neo4j_user: text("neo4j", "user of Neo4j"),
    neo4j_password: secretOrNull("password of Neo4j"),
    memory_repo_path: textOrNull("file of the embedded graph; by default dag.db in the state folder"),
    kafka_dsn: secretOrNull("Kafka for queues; by default queues.db in the state folder"),
    kafka_metrics_url: textOrNull("where Kafka's own metrics are read"),
    grpc_host: text("127.0.0.1", "address to listen on for gRPC"),
    grpc_port: portNumber(50_051, "gRPC port; 0 takes a free one"),
    http_host: text("127.0.0.1", "address to listen on for health and metrics"),
    http_port: portNumber(8_001, "port of health and metrics; 0 takes a free one"),
    controlbus_dsn: secretOrNull("control bus; by default the one in the state folder"),
    controlbus_queue_topic: text("control.queues", "topic of queue events"),
    enable_topic_namespace: flag(true, "begin topic names with the world and domain"),
    gc_interval_seconds: seconds(60, "seconds between two searches for queues nobody uses"),
    gc_archive_bucket: textOrNull("folder that keeps what such queues held"),
  },
  closed,
);

const WorldServiceSection = Type.Object(
  {
    bind: Type.Object(
      {
        host: text("127.0.0.1", "address to listen on"),
        port: portNumber(8_080, "HTTP port; 0 takes a free one"),
      },
      closed,
    ),
    dsn: secretOrNull("database of worlds; by default world.db in the state folder"),
    redis: secretOrNull("Redis for shared short-lived state; by default the process's memory"),
    controlbus_brokers: texts("Kafka brokers of the control bus"),
    controlbus_topic: text("control.policy", "topic of policy events"),
  },
  closed,
);

const ConnectorsSection = Type.Object(
  { execution_domain: textOrNull("domain of runs that name none: backtest, dryrun, live or shadow") },
  closed,
);

const TelemetrySection = Type.Object(
  {
    log_level: choice(["debug", "info", "warn", "error", "silent"], "info", "least severe log lines written"),
    otel_exporter_endpoint: textOrNull('OTLP/HTTP address that takes traces; "console" prints them'),
  },
  closed,
);

const AuthSection = Type.Object(
  {
    mode: choice(
      ["loopback", "local", "oidc"],
      "loopback",
      "loopback: callers on this machine need no token; local: tokens of the keys below; oidc: tokens of the issuer",
    ),
    keys_path: textOrNull("folder of the services' signing keys; by default keys in the state folder"),
    issuer: textOrNull("OpenID issuer of user tokens"),
    jwks_url: textOrNull("address of the issuer's public keys; by default the one its metadata names"),
    audience: text("qmtl", "audience that tokens of the issuer must name"),
  },
  closed,
);

const TestSection = Type.Object(
  { test_mode: flag(false, "shorten every time budget of services and of runs in worlds, for tests") },
  closed,
);

const ProjectSection = Type.Object(
  {
    default_strategy: textOrNull("strategy.ts or strategy.ts:ClassName, relative to this file"),
    state_path: text(".qmtl", "folder of everything the embedded services keep, relative to this file"),
  },
  closed,
);

/** Everything `qmtl.yml` may say. Keys are those of the file; each has a default. */
export type Config = Static<typeof Config>;
export const Config = Type.Object(
  {
    gateway: GatewaySection,
    dagmanager: DagManagerSection,
    worldservice: WorldServiceSection,
    connectors: ConnectorsSection,
    telemetry: TelemetrySection,
    auth: AuthSection,
    test: TestSection,
    project: ProjectSection,
  },
  closed,
);

export type ConfigSection = keyof Config;
