// Everything README and docs show as code compiles and runs with the installed package, and prints what they say it prints.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inRepository } from "../../scripts/build/repository.ts";
import {
  blocksOf,
  documentationPages,
  fileNameOf,
  isCommands,
  isFile,
  isModule,
  needsServices,
  type Block,
} from "../docs/blocks.ts";
import { noServices, startServices } from "./setup/page-services.ts";
import { createWorkspace, type Workspace } from "./setup/docs-workspace.ts";

const execute = promisify(execFile);
const pages = documentationPages().filter((page) =>
  blocksOf(page).some((block) => isModule(block) || isCommands(block)),
);
let workspace: Workspace;

beforeAll(async () => {
  workspace = await createWorkspace();
  for (const page of pages) {
    const folder = workspace.pageFolder(page);
    const modules = blocksOf(page).filter(isModule);
    for (const block of modules) writeFileSync(join(folder, fileNameOf(block)), block.code);
  }
});
afterAll(() => workspace.remove());

it("shows only TypeScript that compiles under the strict configuration", async () => {
  const compiler = inRepository("node_modules", "ts7", "bin", "tsc");
  const { stdout } = await execute(process.execPath, [compiler, "-p", workspace.folder, "--pretty", "false"]).catch(
    (error: { stdout: string }) => error,
  );
  // Only what is said of the pages counts: the sources behind them are checked elsewhere.
  expect(stdout.split("\n").filter((line) => /^(\S*\/)?pages\//.test(line))).toEqual([]);
});

describe.each(pages)("%s", (page) => {
  // In the order of the page: a command may need what the block before it has left.
  it("runs as shown", async () => {
    const blocks = blocksOf(page);
    const folder = join(workspace.folder, "pages", page.replaceAll("/", "-"));
    const services = blocks.some(needsServices) ? await startServices(folder, workspace.command) : noServices;
    const environment = { ...workspace.environment, ...services.environment };
    try {
      for (const block of blocks) {
        const code = services.withAddresses(block.code);
        if (isFile(block) || isModule(block)) write(join(folder, fileNameOf(block)), code);
        if (!isModule(block) && !isCommands(block)) continue;
        const printed = await outputOf(block, code, { folder, environment });
        const expected = block.output && services.withAddresses(block.output);
        if (expected !== undefined) expect(printed, place(block)).toMatch(patternOf(expected));
      }
    } finally {
      await services.stop();
    }
  }, 240_000);
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

interface Place {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function outputOf(block: Block, code: string, { folder, environment }: Place): Promise<string> {
  const words = isModule(block) ? ["node", fileNameOf(block)] : ["bash", "--norc", "-euo", "pipefail", "-c", code];
  const [command, ...rest] = words;
  try {
    const { stdout, stderr } = await execute(command!, rest, { cwd: folder, env: environment });
    return `${stdout}${stderr}`.trim();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${place(block)} fails:\n${stdout}${stderr}`, { cause: error });
  }
}

function place({ page, line }: Block): string {
  return `${page}:${line}`;
}

function patternOf(output: string): RegExp {
  const literal = output
    .trim()
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join("[\\s\\S]*?")}$`);
}
