export { createGateway, type Gateway, type GatewayDeps } from "./create-gateway.ts";
export { ConnectDagManager, type ConnectDagManagerOptions } from "./dag/connect-dag-manager.ts";
export { grpcTransport, type GrpcTransportOptions } from "./dag/grpc-transport.ts";
export type { DagManagerClient, DiffAnswer, DiffCall, TagQuery } from "./dag/dag-manager-client.ts";
export { defaultSettings, type GatewaySettings } from "./settings.ts";
export { openGatewayDatabase, type GatewayTables } from "./store/tables.ts";
export { fetchTransport } from "./worlds/fetch-transport.ts";
export type { WorldTransport } from "./worlds/world-client.ts";
export { breakerMetrics } from "./gateway-metrics.ts";
