/** Keys of the place and time of a run, never part of what a node computes. */
export const contextKeys: ReadonlySet<string> = new Set([
  "world",
  "world_id",
  "world_ids",
  "execution_world",
  "execution_domain",
  "domain",
  "domains",
  "as_of",
  "partition",
  "dataset_fingerprint",
]);
