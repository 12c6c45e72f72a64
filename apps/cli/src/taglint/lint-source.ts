import type { ObjectExpression, Property } from "acorn";
import { choices, faultOfValue, requiredKeys } from "./rules.ts";
import { findTags, type TagsPlace } from "./tags-literal.ts";

export interface Problem {
  readonly line: number; // 1 is the first
  readonly message: string;
  /** Present where a machine can decide. */
  readonly fix?: Fix;
}

export interface Fix {
  readonly description: string;
  readonly edits: readonly Edit[];
}

/** Replaces `[start, end)`, in UTF-16 units. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export type Language = "typescript" | "javascript";

/** All problems of one module's tags, in the order of the text. */
export function lintSource(source: string, language: Language): readonly Problem[] {
  const at = lineCounter(source);
  const place = findTags(source, language);
  switch (place.kind) {
    case "syntax-error":
      return [{ line: at(place.offset), message: `not a module that can be read: ${place.message}` }];
    case "not-a-literal":
      return [{ line: at(place.offset), message: "TAGS must be an object literal, so that tools can read it" }];
    case "missing":
      return [missingTags(source, place, at)];
    case "literal":
      return [
        ...(place.exported ? [] : [notExported(place, at)]),
        ...entryProblems(source, place.literal, at),
        ...missingKeys(source, place.literal, at),
      ];
  }
}

/** Applies every fix there is. What is left needs a person. */
export function fixSource(
  source: string,
  language: Language,
): { readonly source: string; readonly fixes: readonly string[] } {
  const fixes = lintSource(source, language).flatMap(({ fix }) => fix ?? []);
  const edits = fixes.flatMap((fix) => fix.edits).toSorted((a, b) => b.start - a.start);
  const fixed = edits.reduce((text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end), source);
  return { source: fixed, fixes: fixes.map(({ description }) => description) };
}

type LineAt = (offset: number) => number;

function entryProblems(source: string, literal: ObjectExpression, at: LineAt): readonly Problem[] {
  const entries = literal.properties.flatMap((entry) => (entry.type === "Property" ? [entry] : []));
  const keys = entries.map(keyOf);
  return literal.properties.flatMap((entry): readonly Problem[] => {
    const line = at(entry.start);
    const key = entry.type === "Property" ? keyOf(entry) : undefined;
    if (entry.type !== "Property" || key === undefined || entry.kind !== "init" || entry.method || entry.shorthand) {
      return [{ line, message: `TAGS takes only entries of the form key: "value", found ${quote(source, entry)}` }];
    }
    return [...keyProblems(entry, key, keys, line), ...valueProblems(source, entry, key, line)];
  });
}

function keyProblems(
  entry: Property,
  key: string,
  keys: readonly (string | undefined)[],
  line: number,
): readonly Problem[] {
  const lowerCase = key.toLowerCase();
  if (keys.filter((other) => other?.toLowerCase() === lowerCase).length > 1) {
    return [{ line, message: `key "${key}" stands more than once: keep one` }];
  }
  if (key === lowerCase) return [];
  const { start, end } = entry.key;
  const text = entry.key.type === "Identifier" ? lowerCase : JSON.stringify(lowerCase);
  const fix = { description: `key ${key} is now ${lowerCase}`, edits: [{ start, end, text }] };
  return [{ line, message: `key "${key}" must be lower case: "${lowerCase}"`, fix }];
}

function valueProblems(source: string, entry: Property, key: string, line: number): readonly Problem[] {
  const { value } = entry;
  const replaceBy = (text: string): Fix => ({
    description: `${key.toLowerCase()} is now ${JSON.stringify(text)}`,
    edits: [{ start: value.start, end: value.end, text: JSON.stringify(text) }],
  });
  if (value.type === "ArrayExpression") {
    const message = `${key} is a list, found ${quote(source, value)}: give one value`;
    const only = value.elements.length === 1 ? value.elements[0] : undefined;
    if (only?.type !== "Literal" || typeof only.value !== "string" || only.value === "") return [{ line, message }];
    const fault = faultOfValue(key, only.value);
    if (fault !== undefined && fault.replacement === undefined) return [{ line, message }];
    return [{ line, message, fix: replaceBy(fault?.replacement ?? only.value) }];
  }
  if (value.type !== "Literal" || !isPlain(value.value)) {
    return [{ line, message: `${key} must be a plain text or number, found ${quote(source, value)}` }];
  }
  const fault = faultOfValue(key, value.value);
  if (fault === undefined) return [];
  const fix = fault.replacement === undefined ? {} : { fix: replaceBy(fault.replacement) };
  return [{ line, message: fault.message, ...fix }];
}

function missingKeys(source: string, literal: ObjectExpression, at: LineAt): readonly Problem[] {
  const present = new Set(literal.properties.map((entry) => entry.type === "Property" && keyOf(entry)?.toLowerCase()));
  const missing = requiredKeys.filter((key) => !present.has(key));
  return missing.map((key, index) => {
    const problem = { line: at(literal.start), message: `${key} is missing${choices(key)}` };
    if (index > 0) return problem;
    // One edit for all of them: several insertions at one place would depend on their order.
    const description = `added ${missing.join(", ")} with nothing in them yet`;
    return { ...problem, fix: { description, edits: [insertion(source, literal, missing)] } };
  });
}

/** Adds keys behind the last entry, in the layout the literal has: on lines of their own, or in one row. */
function insertion(source: string, literal: ObjectExpression, keys: readonly string[]): Edit {
  const entries = keys.map((key) => `${key}: ""`);
  const last = literal.properties.at(-1);
  const inner = source.slice(literal.start, literal.end);
  if (last === undefined) return { start: literal.start + 1, end: literal.start + 1, text: ` ${entries.join(", ")} ` };
  if (!inner.includes("\n")) return { start: last.end, end: last.end, text: `, ${entries.join(", ")}` };
  const lineStart = source.lastIndexOf("\n", last.start) + 1;
  const indent = /^[ \t]*/.exec(source.slice(lineStart))?.[0] ?? "  ";
  return { start: last.end, end: last.end, text: entries.map((entry) => `,${eol(source)}${indent}${entry}`).join("") };
}

function missingTags(source: string, { insertAt }: Extract<TagsPlace, { kind: "missing" }>, at: LineAt): Problem {
  const newLine = eol(source);
  const lines = ["export const TAGS = {", ...requiredKeys.map((key) => `  ${key}: "",`), "};"].join(newLine);
  const before = source.slice(0, insertAt).trim() === "" ? "" : newLine + newLine;
  const after = before === "" ? newLine + newLine : "";
  const description = "added TAGS with nothing in it yet";
  const fix = { description, edits: [{ start: insertAt, end: insertAt, text: before + lines + after }] };
  return { line: at(insertAt), message: `no TAGS: expected export const TAGS = { ${requiredKeys.join(", ")} }`, fix };
}

function notExported({ declaration }: Extract<TagsPlace, { kind: "literal" }>, at: LineAt): Problem {
  const edits = [{ start: declaration.start, end: declaration.start, text: "export " }];
  return {
    line: at(declaration.start),
    message: "TAGS is not exported",
    fix: { description: "TAGS is now exported", edits },
  };
}

function keyOf({ key, computed }: Property): string | undefined {
  if (computed) return undefined;
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" && typeof key.value === "string" ? key.value : undefined;
}

function isPlain(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function quote(source: string, { start, end }: { start: number; end: number }): string {
  const text = source.slice(start, end).replace(/\s+/g, " ");
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function eol(source: string): string {
  return source.includes("\r\n") ? "\r\n" : "\n";
}

function lineCounter(source: string): LineAt {
  return (offset) => source.slice(0, offset).split("\n").length;
}
