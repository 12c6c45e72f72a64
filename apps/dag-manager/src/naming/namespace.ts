/**
 * The prefix of a world's topics, `world.domain.`, or "" where either part is missing. Both are reduced to lower-case
 * letters, digits, `-` and `_`. A name is for people and brokers: what keeps two worlds apart is the binding of a queue
 * to its context, so that worlds whose names reduce to one text still have their own queues.
 */
export function namespaceOf(world: unknown, domain: unknown): string {
  const parts = [segmentOf(world), segmentOf(domain)];
  return parts.includes("") ? "" : `${parts.join(".")}.`;
}

/** A namespace as a document writes it: `"world.domain"` or `{ world, domain }`. */
export function declaredNamespace(declared: unknown): string {
  if (typeof declared === "string") {
    const dot = declared.indexOf(".");
    return dot === -1 ? "" : namespaceOf(declared.slice(0, dot), declared.slice(dot + 1));
  }
  if (typeof declared !== "object" || declared === null) return "";
  const { world, domain } = declared as { readonly world?: unknown; readonly domain?: unknown };
  return namespaceOf(world, domain);
}

const segmentLengthMax = 60;

function segmentOf(value: unknown): string {
  if (typeof value !== "string") return "";
  return value
    .trim()
    .replace(/[^A-Za-z0-9_-]/g, "-")
    .toLowerCase()
    .slice(0, segmentLengthMax)
    .replace(/^[-_]+|[-_]+$/g, "");
}
