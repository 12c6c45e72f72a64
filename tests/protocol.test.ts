import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { generatedFolder, generateProtocol } from "../scripts/proto/generate.ts";

it("holds the generated code of the .proto files as they are: node scripts/proto.ts writes it", () => {
  const folder = mkdtempSync(join(tmpdir(), "qmtl-proto-"));
  try {
    generateProtocol(folder);
    expect(textsIn(generatedFolder)).toEqual(textsIn(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function textsIn(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
