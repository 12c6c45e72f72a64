import { parseInterval, QmtlError, shown } from "@qmtl/core";
import { normalizedTags } from "./tag-query.ts";

export interface QueueFilter {
  readonly tags: readonly string[];
  readonly intervalSeconds: number | undefined;
}

/**
 * Reads `tag=a,b;interval=1h`; the interval is seconds or text. Empty text is no filter.
 *
 * @throws QmtlError `REQUEST_INVALID`, `INTERVAL_INVALID`
 */
export function queueFilterOf(text: string): QueueFilter {
  let filter: QueueFilter = { tags: [], intervalSeconds: undefined };
  for (const part of text.split(";").map((piece) => piece.trim())) {
    if (part === "") continue;
    const [, key, value = ""] = /^(\w+)\s*=(.*)$/.exec(part) ?? [];
    if (key === "tag" || key === "tags") filter = { ...filter, tags: normalizedTags([value]) };
    else if (key === "interval") filter = { ...filter, intervalSeconds: intervalSecondsOf(value) };
    else {
      throw new QmtlError("REQUEST_INVALID", `a filter has the form tag=a,b;interval=1h; found ${shown(part)}`);
    }
  }
  return filter;
}

function intervalSecondsOf(text: string): number | undefined {
  if (text.trim() === "") return undefined;
  return parseInterval(/^\d+$/.test(text.trim()) ? Number(text) : text) / 1_000;
}
