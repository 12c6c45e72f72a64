export { resultDigests, runIdOf, type RunManifest } from "./manifest.ts";
export { packageVersion } from "./package-version.ts";
export { readRun, type StoredRun } from "./read-run.ts";
export { optionsOf, reproduceRun, type Change, type Reproduction } from "./reproduce-run.ts";
export { manifestOf, writeRun, type WriteRunOptions, type WrittenRun } from "./write-run.ts";
