import { compareCodePoints } from "@qmtl/core";

export type MatchMode = "any" | "all";

/** Which queues of one world and domain are asked for. */
export interface TagQuery {
  /** Sorted, each once. */
  readonly tags: readonly string[];
  readonly intervalSeconds: number;
  readonly matchMode: MatchMode;
}

/** A query from what callers write; an unknown mode means any. */
export function tagQueryOf(tags: readonly string[], intervalSeconds: number, matchMode: unknown): TagQuery {
  return {
    tags: normalizedTags(tags),
    intervalSeconds,
    matchMode: typeof matchMode === "string" && matchMode.trim().toLowerCase() === "all" ? "all" : "any",
  };
}

/** Tags split at commas, trimmed, without blanks, sorted by code point, each once. */
export function normalizedTags(tags: readonly string[]): readonly string[] {
  if (tags.length === 0) return tags;
  const words = tags.flatMap((tag) => tag.split(",")).map((tag) => tag.trim());
  return [...new Set(words.filter((word) => word !== ""))].sort(compareCodePoints);
}

/** Whether a queue with these tags and this interval is meant. A query without tags means nothing. */
export function matchesQuery(query: TagQuery, tags: readonly string[], intervalSeconds: number): boolean {
  if (query.tags.length === 0 || query.intervalSeconds !== intervalSeconds) return false;
  const isThere = (tag: string): boolean => tags.includes(tag);
  return query.matchMode === "any" ? query.tags.some(isThere) : query.tags.every(isThere);
}

/** One text for one query: tags hold no commas, and what follows them is a number and a known word. */
export function queryText({ tags, intervalSeconds, matchMode }: TagQuery): string {
  return `${tags.join(",")}:${intervalSeconds}:${matchMode}`;
}
