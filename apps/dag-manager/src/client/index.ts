export { DagManagerClient, type DiffSummary } from "./dag-manager-client.ts";
export { diffAlone } from "../diff/index.ts";
export { neo4jSchema } from "../graph/neo4j-schema.ts";
