import { Float, pythonFloat } from "@qmtl/core";

const versionLengthMax = 64;

/**
 * The version label of a strategy as it may stand in a topic's name: every character but ASCII letters, digits, `-`, `_`
 * and `.` becomes `-`, outer `-_.` go, at most 64 characters stay. Numbers count as their text.
 *
 * @returns undefined where nothing is left, so that the next place may be asked
 */
function normalizeVersion(value: unknown): string | undefined {
  const text = textOf(value)
    .trim()
    .replace(/[^A-Za-z0-9_.-]/g, "-")
    .slice(0, versionLengthMax)
    .replace(/^[-_.]+|[-_.]+$/g, "");
  return text === "" ? undefined : text;
}

/** The first of `candidates` that says anything; `v1` when none does. */
export function versionOf(candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    const version = normalizeVersion(candidate);
    if (version !== undefined) return version;
  }
  return "v1";
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return value instanceof Float ? pythonFloat(value.value) : "";
}
