import { QmtlError } from "@qmtl/core";
import type { SourceLocation } from "./location.ts";
import { shownFile } from "./references.ts";

/** The compute function an error is about, as its author knows it. */
export interface FunctionPlace {
  readonly name: string;
  readonly location: SourceLocation | undefined;
  /** What messages call it. Default "compute function". */
  readonly kind?: "compute function" | "order stage";
}

export interface Capture {
  readonly variable: string;
  readonly reason: string;
  /** Where the variable is read; absent when the module is unknown. */
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** The helper that reads it, when it is not the compute function itself. */
  readonly through: string | undefined;
}

export function captureError(place: FunctionPlace, capture: Capture): QmtlError {
  const { variable, reason, file, line, through } = capture;
  const where = file === undefined ? "" : ` (${shownFile(file)}:${line})`;
  const reader = through === undefined ? "" : ` through "${through}"`;
  const parameter =
    /^[A-Za-z_$][\w$]*$/.test(variable) && !["this", "super", "arguments", "eval"].includes(variable)
      ? variable
      : "threshold";
  return new QmtlError("CODE_CAPTURE", `${shownFunction(place)} reads "${variable}"${reader}${where}: ${reason}`, {
    details: {
      variable,
      function: place.name,
      file: file ?? null,
      line: line ?? null,
      through: through ?? null,
      reason,
    },
    hint:
      (place.kind === "order stage"
        ? `give the value to the constructor and keep it in \`this.params = { ${parameter} }\`; `
        : `pass the value as a parameter: \`params: { ${parameter} }\` and \`compute: (view, params) => … params.${parameter}\`; `) +
      "or make it a module-level constant that one expression of literals and own functions defines; " +
      "or keep the node out of sharing with `shared: false`",
  });
}

/** A class that changes itself, or is not the same in every run. */
export function statefulError(place: FunctionPlace, reason: string): QmtlError {
  return new QmtlError("CODE_CAPTURE", `${shownFunction(place)} ${reason}`, {
    details: { function: place.name, reason },
    hint: "keep state in what `createStage()` returns, so that every run starts fresh",
  });
}

const hints = {
  lost:
    "write the function in the strategy's file or in a module it imports by a relative path, and run the file as it is on disk; " +
    "or keep the node out of sharing with `shared: false`",
  bound: "pass what was bound through `params`, or wrap the call: `compute: (view, params) => signal(view, params)`",
  native: "wrap the call: `compute: (view, params) => Math.max(…)`",
};

export function unreadableError(place: FunctionPlace, reason: string, fix: keyof typeof hints): QmtlError {
  const { location } = place;
  const where = location ? ` (${shownFile(location.file)}:${location.line})` : "";
  return new QmtlError("CODE_UNREADABLE", `${shownFunction(place)}${where} has no readable source: ${reason}`, {
    details: { function: place.name, file: location?.file ?? null, line: location?.line ?? null, reason },
    hint: hints[fix],
  });
}

export function wrongKindError(name: string, found: string): QmtlError {
  return new QmtlError(
    "NODE_INVALID",
    `${shownFunction({ name })} must be a synchronous function, found ${found === "async" ? "an async function" : found}`,
    {
      details: { function: name, found },
      hint: "compute functions take `(view, params)` and return their output at once; load data through streams and history instead",
    },
  );
}

function shownFunction({ name, kind = "compute function" }: Pick<FunctionPlace, "name" | "kind">): string {
  return name === "" ? `an unnamed ${kind}` : `${kind} "${name}"`;
}
