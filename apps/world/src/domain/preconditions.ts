import { QmtlError } from "@qmtl/core";
import type { WorldState } from "../store/world-state.ts";

/** Etag of a world: another one after each change. */
export function worldEtag({ row }: Pick<WorldState, "row">): string {
  return `w:${row.id}:r${row.revision}`;
}

/** @throws QmtlError `PRECONDITION_FAILED`, `PRECONDITION_REQUIRED` */
export function requireEtag(world: WorldState, ifMatch: string | undefined): void {
  requireMatch(`world "${world.row.id}"`, worldEtag(world), ifMatch);
}

/** A write says what it is based on (W-7). */
export function requireMatch(what: string, etag: string, ifMatch: string | undefined): void {
  if (ifMatch === undefined) {
    throw new QmtlError("PRECONDITION_REQUIRED", `a change of ${what} needs If-Match with the etag it is based on`, {
      details: { etag },
      hint: "read it first, and send its ETag",
    });
  }
  if (etagsOf(ifMatch).some((given) => given.replace(/\+[0-9a-f]{12}$/, "") === etag)) return;
  throw new QmtlError("PRECONDITION_FAILED", `${what} has changed: its etag is ${etag}, not ${ifMatch}`, {
    details: { etag },
    hint: "read it again",
  });
}

/** The etags of an If-Match or If-None-Match header, without quotes and marks of weakness. */
export function etagsOf(header: string | undefined): readonly string[] {
  return (header ?? "").split(",").map((part) =>
    part
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1"),
  );
}
