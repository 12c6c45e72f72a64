import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** A place in a source file; line and column count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where the code at this place was called from, innermost first, one entry per other file. */
  readonly callers?: readonly SourceLocation[];
}

/**
 * The place in the author's code that called into the SDK, read off the stack; `undefined` when no file is on it
 * (a REPL, `eval`). When author and SDK are bundled into one file, that file's innermost frame.
 */
export function captureLocation(): SourceLocation | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const stack = new Error("location").stack;
  Error.stackTraceLimit = limit;
  const frames = parseStack(typeof stack === "string" ? stack : "");
  const outside = frames.filter((frame) => !isSdkFile(frame.file));
  const [first, ...others] = outside.length > 0 ? outside : frames;
  if (first === undefined) return undefined;
  const files = new Set([first.file]);
  const callers = others.filter((frame) => !isInstalled(frame.file) && !files.has(frame.file) && files.add(frame.file));
  return callers.length > 0 ? { ...first, callers } : first;
}

/** A file's path from what a stack or an import calls it: a path or a `file:` URL, with or without a query. */
export function filePathOf(name: string): string {
  if (name.startsWith("file:")) return fileURLToPath(name.replace(/[?#].*$/, ""));
  return resolve(name.replace(/\?[^/\\]*$/, ""));
}

/** Frames of files, innermost first; what has no file (natives, `node:` internals, eval) is left out. */
export function parseStack(stack: string): SourceLocation[] {
  const frames: SourceLocation[] = [];
  for (const line of stack.split("\n")) {
    const match = /^\s+at (?:async )?(?:.*\()?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/.exec(line);
    if (match?.[1] === undefined) continue;
    frames.push({ file: filePathOf(match[1]), line: Number(match[2]), column: Number(match[3]) });
  }
  return frames;
}

const sdkFolder = ownFolder();

/** `packages/sdk/src` in the repository; the folder of the bundle in the published package. */
function ownFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const isSource = import.meta.url.endsWith("/src/code-identity/location.ts");
  const dist = here.lastIndexOf(`${sep}dist`);
  return isSource ? dirname(here) : dist >= 0 ? here.slice(0, dist + 5) : here;
}

/** Whether a file is the product's own code rather than an author's. */
export function isSdkFile(file: string): boolean {
  if (!file.startsWith(sdkFolder + sep)) return false;
  return !file.endsWith(".test.ts") && !file.includes(join(sep, "fixtures", sep));
}

function isInstalled(file: string): boolean {
  return file.includes(`${sep}node_modules${sep}`);
}
