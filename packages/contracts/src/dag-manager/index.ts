export {
  AdminService,
  DiffChunkSchema,
  DiffService,
  HealthCheck,
  TagQuery,
  type BufferInstruction,
  type ChunkAck,
  type DiffChunk,
  type DiffRequest,
  type DiffResult,
  type QueueDescriptor,
  type QueueStats,
  type StatusReply,
} from "./generated/dagmanager_pb.ts";
export { dagManagerMetadata } from "./metadata.ts";
