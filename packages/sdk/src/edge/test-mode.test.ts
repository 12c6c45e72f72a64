import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { testModeAsked } from "./test-mode.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-mode-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("is what the variables say, then what the file says that the services read, then off", async () => {
  expect(await testModeAsked(folder, {})).toBe(false);
  await writeFile(join(folder, "qmtl.json"), '{ "test": { "test_mode": true } }');
  expect(await testModeAsked(folder, {})).toBe(true);
  await writeFile(join(folder, "qmtl.yml"), "project: { state_path: .qmtl }\ntest:\n");
  expect(await testModeAsked(folder, {})).toBe(false);
  await writeFile(join(folder, "other.yml"), "test: { test_mode: true }");
  expect(await testModeAsked(folder, { QMTL_CONFIG_FILE: "other.yml" })).toBe(true);
  expect(await testModeAsked(folder, { QMTL_CONFIG_FILE: "none.yml" })).toBe(false);
  expect(await testModeAsked(folder, { QMTL_CONFIG_FILE: "other.yml", QMTL_TEST_MODE: "0" })).toBe(false);
  expect(await testModeAsked(folder, { QMTL__TEST__TEST_MODE: "on", QMTL_TEST_MODE: "0" })).toBe(true);
});

it.each([
  ["test: { test_mode: yes please }", "test.test_mode in qmtl.yml must be true or false"],
  ["test: [", "qmtl.yml is no YAML: "],
])("refuses %j", async (text, message) => {
  await writeFile(join(folder, "qmtl.yml"), text);
  await expect(testModeAsked(folder, {})).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(message),
  });
});
