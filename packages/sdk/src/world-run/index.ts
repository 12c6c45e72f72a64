export { followWorld } from "./follow-world.ts";
export type { OutgoingOrder, WorldRunNotice, WorldRunOptions } from "./options.ts";
export { runArguments, type RunArguments } from "./run-arguments.ts";
export type { WorldRun } from "./world-run.ts";
export type { SubmitOptions, SubmitResult } from "./submit-strategy.ts";
