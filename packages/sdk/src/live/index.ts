export type { Admission, AdmitOrder, OrderAsk, RefusedOrder } from "./gated-broker.ts";
export type { LiveCompute, LiveStep, LiveStream, SentOrder } from "./live-compute.ts";
export { LiveStreams } from "./live-streams.ts";
export type { LiveRow } from "./row-merger.ts";
export { SharedRun } from "./shared-run.ts";
export { RunJournal, type JournaledFill, type JournalInstant } from "./run-journal.ts";
