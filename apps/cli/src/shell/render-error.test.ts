import { QmtlError } from "@qmtl/core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { paletteFor } from "./palette.ts";
import { failureAsJson, failureOf, renderFailure } from "./render-error.ts";

const plain = paletteFor({ isTTY: false }, { NO_COLOR: "1" });
const shown = (error: unknown): string => renderFailure(failureOf(error), { debug: false, palette: plain });

it("shows the message and the hint of an error from the catalog, and takes its exit code", () => {
  const error = new QmtlError("TEMPLATE_UNKNOWN", `there is no template "genral"`, { hint: "did you mean general?" });
  expect(shown(error)).toBe(`error: there is no template "genral"\nhint: did you mean general?`);
  expect(failureOf(error).exitCode).toBe(2);
  expect(failureOf(new QmtlError("DATA_EMPTY", "no rows")).exitCode).toBe(1);
});

it("gives machines the code and the details", () => {
  const error = new QmtlError("DATA_GAP", "a bucket is missing", { details: { row: 7 } });
  expect(JSON.parse(failureAsJson(failureOf(error), false))).toEqual({
    error: { code: "DATA_GAP", message: "a bucket is missing", hint: null, details: { row: 7 } },
  });
});

it("names the file when the file system refuses", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qmtl-render-"));
  try {
    writeFileSync(join(folder, "file"), "");
    const missing = join(folder, "missing");
    expect(shown(await readFile(missing).catch((error: unknown) => error))).toBe(`error: there is no "${missing}"`);
    const taken = join(folder, "file");
    expect(shown(await mkdir(taken).catch((error: unknown) => error))).toBe(
      `error: cannot write "${taken}": file already exists (EEXIST)`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each([new Error("first\nsecond"), new TypeError(""), "text", undefined])("keeps to two lines for %o", (thrown) => {
  const lines = shown(thrown).split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^error: unexpected error: ./);
  expect(lines[1]).toBe("hint: run again with --debug to see where it happened");
});
