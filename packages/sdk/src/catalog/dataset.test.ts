import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Frame } from "@qmtl/engine/frame";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { Catalog, CatalogHistory, nodeFs, type CatalogFs } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "qmtl-catalog-"));
afterAll(() => rmSync(root, { recursive: true }));
let folder = root;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
});

const minute = 60_000;
function frameOf(from: number, length: number, offset = 0): Frame {
  return {
    intervalMs: minute,
    length,
    time: Float64Array.from({ length }, (_, row) => (from + row) * minute),
    columns: {
      close: Float64Array.from({ length }, (_, row) => from + row + 0.1 + offset),
      volume: Float64Array.from({ length }, (_, row) => (row % 7 === 0 ? Number.NaN : -row)),
    },
  };
}

describe("append and read", () => {
  test("what goes in comes out, bit for bit, over several appends", async () => {
    const dataset = new Catalog(folder).dataset("btc");
    expect(await dataset.coverage()).toEqual([]);
    await dataset.append(frameOf(100, 50));
    await dataset.append(frameOf(0, 50)); // older rows, with a gap up to 100
    await dataset.append(frameOf(50, 10));
    const frame = await new Catalog(folder).dataset("btc").read();
    expect(frame.length).toBe(110);
    expect(frame.time.slice(0, 2)).toEqual(Float64Array.of(0, minute));
    expect(Array.from(frame.columns["close"]!.subarray(48, 62))).toEqual([
      ...frameOf(48, 2).columns["close"]!, ...frameOf(50, 10).columns["close"]!, ...frameOf(100, 2).columns["close"]!,
    ]); // prettier-ignore
    expect(frame.columns["volume"]![0]).toBeNaN();
    expect(Object.is(frame.columns["volume"]![0], Number.NaN)).toBe(true);
    expect(await dataset.coverage()).toEqual([
      { start: 0, end: 60 * minute },
      { start: 100 * minute, end: 150 * minute },
    ]);
    expect((await dataset.read({ start: 55 * minute, end: 101 * minute })).time.length).toBe(6);
    await dataset.verify();
    expect(await new Catalog(folder).list()).toEqual(["btc"]);
  });

  test("an overlap is named and changes nothing", async () => {
    const dataset = new Catalog(folder).dataset("btc");
    await dataset.append(frameOf(0, 100));
    const before = readdirSync(dataset.folder);
    await expect(dataset.append(frameOf(99, 100))).rejects.toMatchObject({
      code: "CATALOG_CONFLICT",
      message:
        'dataset "btc" already has rows from 1970-01-01T00:00:00.000Z to 1970-01-01T01:40:00.000Z; ' +
        "the new ones overlap from 1970-01-01T01:39:00.000Z to 1970-01-01T01:40:00.000Z",
      details: { overlap: { start: 99 * minute, end: 100 * minute } },
    });
    expect(readdirSync(dataset.folder)).toEqual(before);
    expect((await dataset.read()).length).toBe(100);
  });

  test("rows of another shape are refused", async () => {
    const dataset = new Catalog(folder).dataset("btc");
    await dataset.append(frameOf(0, 10));
    const { columns, ...rest } = frameOf(10, 10);
    await expect(dataset.append({ ...rest, columns: { close: columns["close"]! } })).rejects.toThrow(
      /has the fields close, volume; found close/,
    );
    await expect(dataset.append({ ...rest, columns, intervalMs: 3_600_000 })).rejects.toThrow(
      /rows of 1m; found rows of 1h/,
    );
    await expect(dataset.append({ ...rest, columns, time: rest.time.toReversed() })).rejects.toMatchObject({
      code: "DATA_UNSORTED",
    });
    expect(() => new Catalog(folder).dataset("../x")).toThrow(/dataset name/);
    await expect(new Catalog(folder).existing("btcc")).rejects.toMatchObject({ hint: 'did you mean "btc"?' });
    await expect(new Catalog(folder).dataset("eth").read()).rejects.toMatchObject({ code: "DATA_MISSING" });
  });

  test("of many writers at once each row comes in once", async () => {
    const catalog = new Catalog(folder);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, async (_, writer) =>
        catalog.dataset("btc").append(frameOf((writer % 6) * 10, 10, writer)),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.status === "fulfilled").length).toBe(6);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "CATALOG_CONFLICT" });
    const frame = await catalog.dataset("btc").read();
    expect([...frame.time]).toEqual(Array.from({ length: 60 }, (_, row) => row * minute));
    await catalog.dataset("btc").verify();
  });

  test("as history", async () => {
    const dataset = new Catalog(folder).dataset("btc");
    await dataset.append(frameOf(1, 20));
    const history = new CatalogHistory(dataset, { allow: ["missing-value", "negative-volume"] });
    const request = { nodeId: "n", intervalMs: minute, start: 5 * minute, end: 8 * minute };
    expect((await history.fetch(request)).time).toEqual(Float64Array.of(5, 6, 7).map((bucket) => bucket * minute));
    expect((await history.load()).frame.length).toBe(20);
    await expect(history.fetch({ ...request, intervalMs: 3_600_000 })).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
    });
    await expect(new CatalogHistory(dataset).load()).rejects.toMatchObject({ code: "DATA_INVALID" });
  });
});

describe("corruption is found and named", () => {
  async function twoAppends() {
    const dataset = new Catalog(folder).dataset("btc");
    await dataset.append(frameOf(0, 100));
    const manifest = await dataset.append(frameOf(100, 100));
    return {
      dataset,
      file: join(dataset.folder, manifest.segments[1]!.file),
      manifestFile: join(dataset.folder, "manifest-000002.json"),
    };
  }

  test("any flipped bit of a column", async () => {
    const { dataset, file } = await twoAppends();
    const bytes = readFileSync(file);
    for (const [at, column] of [
      [3, 0],
      [801, 1],
      [2_399, 2],
    ] as const) {
      const bad = Buffer.from(bytes);
      bad[at]! ^= 4;
      writeFileSync(file, bad);
      await expect(dataset.read()).rejects.toMatchObject({
        code: "CATALOG_CORRUPT",
        message: expect.stringMatching(
          new RegExp(`rows-.*\\.f64: expected CRC-32 [0-9a-f]{8} of column ${column}; found [0-9a-f]{8}`),
        ),
      });
    }
    expect((await dataset.read({ check: false })).length).toBe(200); // as asked
    await expect(dataset.verify()).rejects.toMatchObject({ code: "CATALOG_CORRUPT" });
    expect((await dataset.read({ end: 100 * minute })).length).toBe(100); // the first append is not touched by it
  });

  test("any flipped bit of long columns, whose parts may be read in any order", async () => {
    const rows = 150_000;
    const { file } = (await new Catalog(folder).dataset("btc").append(frameOf(0, rows))).segments[0]!;
    const backwards: CatalogFs = {
      ...nodeFs,
      async readInto(path, parts, onFilled) {
        await nodeFs.readInto(path, parts);
        for (let index = parts.length - 1; index >= 0; index--) onFilled?.(index);
      },
    };
    const dataset = new Catalog(folder, backwards).dataset("btc");
    expect((await dataset.read()).columns["close"]!.at(-1)).toBe(rows - 1 + 0.1);
    const bytes = readFileSync(join(dataset.folder, file));
    for (const [row, column] of [
      [0, 0],
      [140_000, 1],
      [rows - 1, 1],
      [rows - 1, 2],
    ] as const) {
      const bad = Buffer.from(bytes);
      bad[8 * (column * rows + row)]! ^= 4;
      writeFileSync(join(dataset.folder, file), bad);
      await expect(dataset.read()).rejects.toThrow(new RegExp(`of column ${column}; found`));
    }
  });

  test("a short file and a file that is gone", async () => {
    const { dataset, file } = await twoAppends();
    truncateSync(file, 2_399);
    await expect(dataset.read()).rejects.toThrow(/expected 2400 bytes; found 2399 bytes/);
    rmSync(file);
    await expect(dataset.verify()).rejects.toThrow(/expected 2400 bytes; found no file/);
  });

  test("an edited manifest", async () => {
    const { dataset, manifestFile } = await twoAppends();
    const text = readFileSync(manifestFile, "utf8");
    writeFileSync(manifestFile, text.replace('"rows": 100', '"rows": 99'));
    await expect(dataset.read()).rejects.toMatchObject({
      code: "CATALOG_CORRUPT",
      message: expect.stringContaining("manifest-000002.json: expected blake3:"),
    });
    writeFileSync(manifestFile, text.slice(0, 50));
    await expect(dataset.append(frameOf(300, 1))).rejects.toMatchObject({ code: "CATALOG_CORRUPT" });
  });
});

describe("a crash leaves the version before, or the new one", () => {
  // Stops at operation `stopAt`: before it, after half of it, or after all of it; nothing happens from then on.
  function crashing(stopAt: number, how: "before" | "torn" | "after"): { fs: CatalogFs; operations: () => number } {
    let operations = 0;
    const at = async <T>(work: () => Promise<T>, torn: () => Promise<unknown>): Promise<T> => {
      const index = operations++;
      if (index > stopAt || (index === stopAt && how === "before")) throw new Error("power failed");
      if (index < stopAt) return work();
      await (how === "torn" ? torn() : work());
      throw new Error("power failed");
    };
    const nothing = async (): Promise<void> => {};
    const fs: CatalogFs = {
      ...nodeFs,
      makeFolder: async (path) => at(async () => nodeFs.makeFolder(path), nothing),
      write: async (path, parts) =>
        at(
          async () => nodeFs.write(path, parts),
          async () => nodeFs.write(path, [parts[0]!.subarray(0, parts[0]!.length >> 1)]),
        ),
      rename: async (from, to) => at(async () => nodeFs.rename(from, to), nothing),
      link: async (existing, name) => at(async () => nodeFs.link(existing, name), nothing),
      remove: async (path) => at(async () => nodeFs.remove(path), nothing),
      syncFolder: async (path) => at(async () => nodeFs.syncFolder(path), nothing),
    };
    return { fs, operations: () => operations };
  }

  async function prepared(name: string): Promise<string> {
    const place = join(folder, name);
    const dataset = new Catalog(place).dataset("btc");
    for (const from of [0, 10, 20]) await dataset.append(frameOf(from, 10));
    return place;
  }

  test("at every file operation", async () => {
    const counted = crashing(Number.POSITIVE_INFINITY, "before");
    await new Catalog(await prepared("count"), counted.fs).dataset("btc").append(frameOf(30, 10));
    expect(counted.operations()).toBeGreaterThanOrEqual(9);
    const lengths = new Set<number>();
    for (let stopAt = 0; stopAt < counted.operations(); stopAt++) {
      for (const how of ["before", "torn", "after"] as const) {
        const place = await prepared(`${stopAt}-${how}`);
        const outcome = await new Catalog(place, crashing(stopAt, how).fs)
          .dataset("btc")
          .append(frameOf(30, 10))
          .then(
            () => "done",
            () => "failed",
          );
        const dataset = new Catalog(place).dataset("btc");
        await dataset.verify();
        const { length } = await dataset.read();
        expect([30, 40]).toContain(length);
        if (outcome === "done") expect(length).toBe(40); // what was acknowledged is there
        lengths.add(length);
        // The writer that comes next finishes the work, and leftovers can be cleared.
        if (length === 30) await dataset.append(frameOf(30, 10));
        await dataset.removeLeftovers();
        expect((await dataset.read()).length).toBe(40);
        expect(readdirSync(dataset.folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      }
    }
    expect(lengths).toEqual(new Set([30, 40]));
  });

  test("kill -9 in the middle of writing", async () => {
    const dataset = new Catalog(folder).dataset("btc");
    await dataset.append(frameOf(0, 10));
    const script = `
      import { Catalog } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
      const length = 20_000;
      const dataset = new Catalog(${JSON.stringify(folder)}).dataset("btc");
      for (let from = 10; ; from += length) {
        const time = Float64Array.from({ length }, (_, row) => (from + row) * ${minute});
        await dataset.append({ intervalMs: ${minute}, length, time, columns: { close: time, volume: time } });
        process.stdout.write(from + length + "\\n");
      }`;
    let seen = 10;
    for (const delayMs of [0, 3, 7, 13]) {
      const child = spawn(
        process.execPath,
        ["--input-type=module", "-e", script.replace("from = 10", `from = ${seen}`)],
        {
          cwd: fileURLToPath(new URL(".", import.meta.url)),
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let acknowledged = seen;
      const closed = new Promise((resolve) => child.on("close", resolve));
      await new Promise<void>((resolve) => {
        child.stdout.on("data", (chunk: Buffer) => {
          acknowledged = Number(chunk.toString("utf8").trim().split("\n").at(-1));
          if (acknowledged >= seen + 40_000) setTimeout(resolve, delayMs);
        });
        child.on("close", () => resolve());
      });
      child.kill("SIGKILL");
      await closed;
      await dataset.verify();
      const { length, time } = await dataset.read();
      expect(length).toBeGreaterThanOrEqual(acknowledged);
      expect(time[length - 1]).toBe((length - 1) * minute);
      seen = length;
    }
    await dataset.removeLeftovers();
    await dataset.append(frameOf(seen, 10));
    expect((await dataset.read()).length).toBe(seen + 10);
  });

  test("a disk that is full or read-only is said so", async () => {
    const place = await prepared("full");
    const fs: CatalogFs = {
      ...nodeFs,
      write: async () => Promise.reject(new Error("ENOSPC: no space left on device")),
    };
    await expect(new Catalog(place, fs).dataset("btc").append(frameOf(30, 10))).rejects.toMatchObject({
      code: "FILE_UNWRITABLE",
      message: 'cannot append to dataset "btc": ENOSPC: no space left on device',
    });
  });
});
