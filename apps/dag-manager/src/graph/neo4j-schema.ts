/** What a Neo4j that holds the graph is set up with, in the order of its text. Each statement may be run again. */
export const neo4jSchema: readonly string[] = [
  "CREATE CONSTRAINT compute_pk IF NOT EXISTS FOR (n:ComputeNode) REQUIRE n.node_id IS UNIQUE",
  "CREATE INDEX compute_buffering_since IF NOT EXISTS FOR (n:ComputeNode) ON (n.buffering_since)",
  "CREATE INDEX compute_tags IF NOT EXISTS FOR (n:ComputeNode) ON (n.tags)",
  "CREATE INDEX kafka_topic IF NOT EXISTS FOR (q:Queue) ON (q.topic)",
  "CREATE INDEX queue_interval IF NOT EXISTS FOR (q:Queue) ON (q.interval)",
];
