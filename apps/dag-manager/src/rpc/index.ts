export { DiffStreams, streamDeadlineMs } from "./diff-streams.ts";
export { GrpcServer, type GrpcServerOptions } from "./grpc-server.ts";
