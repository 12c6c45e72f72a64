import { QmtlError } from "@qmtl/core/errors";
import { writeFile } from "node:fs/promises";
import { dagManagerExportSchema } from "../commands/dag-manager.ts";

export const command = dagManagerExportSchema(async ({ out }) => {
  const { neo4jSchema } = await import("@qmtl/dag-manager/client");
  const text = neo4jSchema.map((statement) => `${statement};`).join("\n");
  if (out !== undefined) {
    await writeFile(out, `${text}\n`).catch((cause: unknown) => {
      throw new QmtlError("FILE_UNWRITABLE", `${out} cannot be written`, { cause, details: { file: out } });
    });
  }
  return {
    exitCode: 0,
    json: { statements: neo4jSchema, ...(out !== undefined && { out }) },
    text: () => (out === undefined ? text : `written to ${out}`),
  };
});
