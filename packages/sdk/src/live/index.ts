export type { Admission, AdmitOrder, OrderAsk, RefusedOrder } from "./gated-broker.ts";
export { LiveCompute, type LiveStream } from "./live-compute.ts";
export { LiveStreams } from "./live-streams.ts";
export type { LiveRow } from "./row-merger.ts";
export { RunJournal, type JournaledFill } from "./run-journal.ts";
