import { QmtlError } from "@qmtl/core/errors";
import { writeFile } from "node:fs/promises";
import { configGenerate } from "../commands/config.ts";

export const command = configGenerate(async ({ out, force }) => {
  const { configTemplate } = await import("../configuration/index.ts");
  const text = configTemplate();
  if (out === undefined) return { exitCode: 0, json: { text }, text: () => text };
  try {
    await writeFile(out, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new QmtlError("TARGET_NOT_EMPTY", `${out} is there already`, { hint: "replace it with --force" });
  }
  return { exitCode: 0, json: { file: out }, text: () => `wrote ${out}` };
});
