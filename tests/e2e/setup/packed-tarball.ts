import { inject } from "vitest";

/** Absolute path of the packed package; fails the calling test with the build's own words when there is none. */
export function packedTarball(): string {
  const packed = inject("packed");
  if ("failure" in packed) throw new Error(packed.failure);
  return packed.tarball;
}
