import { QmtlError } from "@qmtl/core/errors";
import { inspect } from "node:util";
import type { Palette } from "./palette.ts";

/** A failure, ready to be shown: the same facts as a line for people and as JSON for machines. */
export interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly error: unknown;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof QmtlError) {
    const { exitCode, code, message, hint, details } = error;
    return { exitCode, code, message, hint, details, error };
  }
  if (isSystemError(error)) return systemFailure(error);
  const message = error instanceof Error ? error.message : String(error);
  return {
    exitCode: 1,
    code: "UNEXPECTED",
    message: `unexpected error: ${oneLine(message)}`,
    hint: "run again with --debug to see where it happened",
    details: {},
    error,
  };
}

export function renderFailure(failure: Failure, options: { debug: boolean; palette: Palette }): string {
  const { palette, debug } = options;
  const lines = [`${palette.red("error:")} ${failure.message}`];
  if (failure.hint !== undefined) lines.push(`${palette.dim("hint:")} ${failure.hint}`);
  if (debug) lines.push("", inspect(failure.error, { depth: 4 }));
  return lines.join("\n");
}

export function failureAsJson(failure: Failure, debug: boolean): string {
  const { code, message, hint, details, error } = failure;
  const stack = debug && error instanceof Error ? { stack: error.stack } : {};
  return JSON.stringify({ error: { code, message, hint: hint ?? null, details, ...stack } }, null, 2);
}

/** A file system call that failed is no bug of ours: say which file, and leave the stack out of it. */
function systemFailure(error: NodeJS.ErrnoException): Failure {
  const place = error.path === undefined ? "" : ` "${error.path}"`;
  const code = error.code === "ENOENT" ? "FILE_NOT_FOUND" : isWriting(error) ? "FILE_UNWRITABLE" : "FILE_UNREADABLE";
  const verb = isWriting(error) ? "write" : "read";
  return {
    exitCode: 1,
    code,
    message:
      code === "FILE_NOT_FOUND" ? `there is no${place || " such file"}` : `cannot ${verb}${place}: ${reason(error)}`,
    hint: undefined,
    details: { path: error.path ?? null, systemCode: error.code ?? null },
    error,
  };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error && "errno" in error;
}

function isWriting({ code, syscall }: NodeJS.ErrnoException): boolean {
  const writingCalls = ["write", "mkdir", "rename", "unlink", "rmdir", "copyfile", "ftruncate", "fsync", "symlink"];
  return code === "EROFS" || code === "ENOSPC" || writingCalls.includes(syscall ?? "");
}

/** "EACCES: permission denied, open '/x'" → "permission denied (EACCES)". */
function reason({ message, code }: NodeJS.ErrnoException): string {
  const words = /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1];
  return words === undefined ? oneLine(message) : `${words} (${code})`;
}

function oneLine(text: string): string {
  return text.split("\n", 1)[0]?.trim() || "no message";
}
