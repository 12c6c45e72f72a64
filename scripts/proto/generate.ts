import { spawnSync } from "node:child_process";
import { delimiter } from "node:path";
import { inRepository } from "../build/repository.ts";

/** Where the generated code stands in the checkout. */
export const generatedFolder = inRepository("packages", "contracts", "src", "dag-manager", "generated");

/** Turns the .proto files of `packages/contracts/proto` into TypeScript below `folder`. */
export function generateProtocol(folder: string): void {
  const binaries = inRepository("node_modules", ".bin");
  const template = {
    version: "v2",
    plugins: [{ local: "protoc-gen-es", out: folder, opt: ["target=ts", "import_extension=ts"] }],
  };
  const { status, stderr } = spawnSync(
    process.execPath,
    [`${binaries}/buf`, "generate", ".", "--template", JSON.stringify(template)],
    {
      cwd: inRepository("packages", "contracts", "proto"),
      env: { ...process.env, PATH: [binaries, process.env["PATH"]].join(delimiter) },
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`buf generate failed: ${stderr}`);
}
