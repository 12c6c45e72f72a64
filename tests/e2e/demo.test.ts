// `npm run demo`, in a copy of the checkout: it builds, and must leave this one alone while other tests use it.

import { existsSync, readdirSync } from "node:fs";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inRepository, root } from "../../scripts/build/repository.ts";
import { expectDone, runNpm } from "./setup/installed-package.ts";

const notCopied = new Set(["node_modules", "dist", "coverage", "my_qmtl_project"]);
let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "qmtl-demo-test-"));
  const isSource = (path: string): boolean => {
    const name = basename(path);
    return path === root || (!notCopied.has(name) && (!name.startsWith(".") || name === ".npmrc"));
  };
  await cp(root, copy, { recursive: true, filter: isSource });
  const workspaces = ["apps", "packages"].flatMap((folder) =>
    readdirSync(inRepository(folder)).map((name) => join(folder, name)),
  );
  for (const folder of [".", ...workspaces]) {
    const installed = inRepository(folder, "node_modules");
    if (existsSync(installed)) await symlink(installed, join(copy, folder, "node_modules"), "junction");
  }
});
afterAll(async () => rm(copy, { recursive: true, force: true }));

it("goes from a checkout to a table and a report", async () => {
  const output = await expectDone(await runNpm(["run", "demo"], copy)); // npm run demo
  expect(output).toMatch(/^Closed trades +\d+$/m);
  const [, report] = /^report: (.+report\.html)$/m.exec(output)!;
  expect(existsSync(report!)).toBe(true);
  expect(report!.startsWith(join(copy, "my_qmtl_project"))).toBe(true);
});
