export { archiveName, type QueueArchive } from "./archive.ts";
export { Collector, type GcItem, type GcOptions, type GcReport } from "./collector.ts";
export { FolderArchive } from "./folder-archive.ts";
export { defaultRetention, planGc, type RetentionPolicy } from "./plan-gc.ts";
