import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "@qmtl/engine/frame";
import { afterAll, describe, expect, test } from "vitest";
import {
  AugmentedHistoryProvider,
  BackfillEngine,
  csvHistory,
  EventRecorderService,
  fileHistory,
  LiveReplayBackfillStrategy,
  MemoryHistoryBackend,
  mergeFrames,
  parquetHistory,
  type HistoryRequest,
} from "./index.ts";
import { writeParquet } from "../formats/index.ts";

const minute = 60_000;
const key = { nodeId: "n", intervalMs: minute };
const range = (from: number, to: number): HistoryRequest => ({ ...key, start: from * minute, end: to * minute });
function frameOf(buckets: readonly number[], value = 0): Frame {
  const time = Float64Array.from(buckets, (bucket) => bucket * minute);
  return {
    intervalMs: minute,
    length: time.length,
    time,
    columns: { close: Float64Array.from(buckets, (bucket) => bucket + value) },
  };
}
const buckets = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

describe("MemoryHistoryBackend", () => {
  test("half-open reads; the first value of a time stays", async () => {
    const backend = new MemoryHistoryBackend();
    await backend.writeRows(key, frameOf([1, 2, 5]));
    await backend.writeRows(key, frameOf([2, 3], 0.5));
    expect([...(await backend.readRange(range(0, 9))).columns["close"]!]).toEqual([1, 2, 3.5, 5]);
    expect([...(await backend.readRange(range(2, 5))).time]).toEqual([2 * minute, 3 * minute]);
    expect(await backend.coverage(key)).toEqual([
      { start: minute, end: 4 * minute },
      { start: 5 * minute, end: 6 * minute },
    ]);
    expect((await backend.readRange({ ...range(0, 9), nodeId: "other" })).length).toBe(0);
  });

  test("unsorted rows and rows of another interval are refused", async () => {
    const backend = new MemoryHistoryBackend();
    await expect(backend.writeRows(key, frameOf([2, 1]))).rejects.toMatchObject({ code: "DATA_UNSORTED" });
    await expect(backend.writeRows({ ...key, intervalMs: 1_000 }, frameOf([1]))).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
    });
  });

  test("a field that one side lacks is absent there", () => {
    const merged = mergeFrames(frameOf([1]), { ...frameOf([2]), columns: { volume: Float64Array.of(7) } });
    expect(merged.columns).toEqual({ close: Float64Array.of(1, Number.NaN), volume: Float64Array.of(Number.NaN, 7) });
  });
});

describe("AugmentedHistoryProvider", () => {
  function counting(answer: (request: HistoryRequest) => Frame) {
    const asked: [number, number][] = [];
    const fetcher = {
      async fetch(request: HistoryRequest): Promise<Frame> {
        asked.push([request.start / minute, request.end / minute]);
        return answer(request);
      },
    };
    return { asked, fetcher };
  }
  const full = (request: HistoryRequest): Frame => frameOf(buckets(request.start / minute, request.end / minute));

  test("fetches the gaps alone, and never the newest bar twice or not at all", async () => {
    const backend = new MemoryHistoryBackend();
    await backend.writeRows(key, frameOf([3, 4]));
    const { asked, fetcher } = counting(full);
    const provider = new AugmentedHistoryProvider(backend, { fetcher });
    expect([...(await provider.fetch(range(1, 7))).columns["close"]!]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(asked).toEqual([[1, 3], [5, 7]]); // prettier-ignore
    await provider.fetch(range(1, 7));
    expect(asked.length).toBe(2);
    expect(await provider.coverage(key)).toEqual([{ start: minute, end: 7 * minute }]);
  });

  test("overlapping requests at once cause one download", async () => {
    const { asked, fetcher } = counting(full);
    const provider = new AugmentedHistoryProvider(new MemoryHistoryBackend(), { fetcher });
    await Promise.all([provider.fetch(range(0, 10)), provider.fetch(range(0, 10)), provider.fetch(range(5, 12))]);
    expect(asked).toEqual([[0, 10], [10, 12]]); // prettier-ignore
  });

  test("rows outside the gap are cut off, a gap that stays is asked for again", async () => {
    const { asked, fetcher } = counting(() => frameOf([0, 1, 2, 3, 9]));
    const provider = new AugmentedHistoryProvider(new MemoryHistoryBackend(), { fetcher });
    expect([...(await provider.fetch(range(1, 5))).time]).toEqual([1, 2, 3].map((bucket) => bucket * minute));
    await provider.ensureRange(range(1, 5));
    expect(asked).toEqual([[1, 5], [4, 5]]); // prettier-ignore
  });

  test("a failure is passed on and does not block what follows", async () => {
    let fail = true;
    const { fetcher } = counting((request) => {
      if (fail) throw new Error("no network");
      return full(request);
    });
    const provider = new AugmentedHistoryProvider(new MemoryHistoryBackend(), { fetcher });
    await expect(provider.fetch(range(0, 3))).rejects.toThrow("no network");
    fail = false;
    expect((await provider.fetch(range(0, 3))).length).toBe(3);
  });

  test("without a source, ensure is a no-op and fill is an error", async () => {
    const provider = new AugmentedHistoryProvider(new MemoryHistoryBackend());
    await provider.ensureRange(range(0, 3));
    await expect(provider.fillMissing(range(0, 3))).rejects.toMatchObject({ code: "DATA_MISSING" });
  });

  test("recorded events fill gaps; the last of a bucket counts", async () => {
    const replay = async () => [
      { ...key, time: 2 * minute, payload: { close: 3, note: "x" } },
      { ...key, time: minute + 1, payload: { close: 1 } },
      { ...key, time: minute + 59_999, payload: { close: 2 } },
    ];
    const provider = new AugmentedHistoryProvider(new MemoryHistoryBackend(), {
      autoBackfill: new LiveReplayBackfillStrategy({ replay }),
    });
    const frame = await provider.fetch(range(0, 3));
    expect([[...frame.time], [...frame.columns["close"]!]]).toEqual([[minute, 2 * minute], [2, 3]]); // prettier-ignore
  });
});

describe("BackfillEngine", () => {
  function engineOf(failures: number, ready?: () => Promise<boolean>) {
    const slept: number[] = [];
    let tries = 0;
    const source = {
      async fetch(request: HistoryRequest): Promise<Frame> {
        if (tries++ < failures) throw new Error(`try ${tries}`);
        return frameOf(buckets(request.start / minute, request.end / minute));
      },
      ...(ready !== undefined && { ready }),
    };
    const engine = new BackfillEngine(source, { sleep: async (ms) => void slept.push(ms) });
    return { engine, slept, tries: () => tries };
  }

  test("tries again with growing waits, then delivers", async () => {
    const { engine, slept } = engineOf(2);
    const rows: number[] = [];
    engine.submit(range(0, 3), (frame) => rows.push(frame.length));
    await engine.wait();
    expect([rows, slept]).toEqual([[3], [50, 100]]);
  });

  test("gives up after the last try and names the stream", async () => {
    const { engine, tries } = engineOf(99);
    engine.submit(range(0, 3), () => {});
    await expect(engine.wait()).rejects.toMatchObject({
      code: "DATA_MISSING",
      message: expect.stringMatching(/no history of n from .* after 4 tries: try 4/),
    });
    expect(tries()).toBe(4);
    await engine.wait();
  });

  test("a source that is never ready is not waited for without end", async () => {
    let asked = 0;
    const { engine } = engineOf(99, async () => (asked++, false));
    engine.submit(range(0, 3), () => {});
    await expect(engine.wait()).rejects.toMatchObject({ code: "DATA_MISSING" });
    expect(asked).toBe(60);
  });
});

describe("FileHistory", () => {
  const folder = mkdtempSync(join(tmpdir(), "qmtl-history-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "x.csv");
  writeFileSync(
    path,
    `time,close\n${buckets(0, 10)
      .map((bucket) => `${1_700_000_040_000 + bucket * minute},${bucket + 1}`)
      .join("\n")}`,
  );
  const first = 1_700_000_040_000;

  test("fetches half-open, says what it covers, loads with quality", async () => {
    const history = csvHistory(path);
    const request = { ...key, start: first + minute, end: first + 3 * minute };
    expect([...(await history.fetch(request)).columns["close"]!]).toEqual([2, 3]);
    expect(await history.coverage(key)).toEqual([{ start: first, end: first + 10 * minute }]);
    expect((await history.load()).quality).toMatchObject({
      source: path,
      stream: "x.csv",
      rows: 10,
      intervalMs: minute,
    });
    expect((await history.load({ start: first, end: first + minute, stream: "s" })).quality).toMatchObject({
      stream: "s",
      rows: 1,
    });
    await expect(history.fillMissing(request)).rejects.toMatchObject({ code: "DATA_MISSING" });
    await history.ensureRange();
  });

  test("rows of another interval are an error that says what to do", async () => {
    await expect(fileHistory(path).fetch({ ...key, intervalMs: 3_600_000, start: 0, end: 1 })).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
      message: expect.stringMatching(/asks for rows of 1h; .*x\.csv has rows of 1m/),
    });
  });

  test("a file that was corrected is read again", async () => {
    const late = join(folder, "late.csv");
    const history = fileHistory(late);
    await expect(history.load()).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    writeFileSync(late, "time,close\n2024-01-01,1\n2024-01-02,2\n");
    expect((await history.load()).frame.length).toBe(2);
  });

  test("another format under any name", async () => {
    const odd = join(folder, "bars.data");
    await writeParquet(odd, frameOf(buckets(28_000_000, 28_000_005)));
    expect((await parquetHistory(odd).load()).frame.length).toBe(5);
  });
});

describe("EventRecorderService", () => {
  test("records in the background and keeps failures for flush", async () => {
    const kept: number[] = [];
    const service = new EventRecorderService({
      persist: async (event) => {
        if (event.time === 2) throw new Error("disk");
        kept.push(event.time);
      },
    });
    for (const time of [1, 2, 3]) service.record({ ...key, time, payload: 1 });
    await expect(service.flush()).rejects.toThrow("1 events could not be recorded");
    expect(kept).toEqual([1, 3]);
    await service.flush();
    new EventRecorderService().record({ ...key, time: 1, payload: 1 });
  });
});
