import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installPackage, type InstalledPackage } from "./setup/installed-package.ts";

let installed: InstalledPackage;
let folder: string;
beforeAll(async () => {
  installed = await installPackage();
  folder = await mkdtemp(join(installed.folder, "bad-input-"));
  const days = Array.from({ length: 30 }, (_, day) => `2024-01-${String(day + 1).padStart(2, "0")},10,11,9,10,100`);
  await writeFile(join(folder, "bars.csv"), ["date,open,high,low,close,volume", ...days].join("\n"));
  await writeFile(join(folder, "gap.csv"), ["date,open,high,low,close,volume", ...days.toSpliced(6, 1)].join("\n"));
  await writeFile(join(folder, "good.ts"), strategy(`this.addNodes(price, sma(price, this.params.n as number));`));
});
afterAll(() => installed.remove());

/** A file with one strategy; what stands in `setup` may use `price`. */
function strategy(setup: string): string {
  return `import { ProcessingNode, sma, Strategy, StreamInput } from "qmtl";
export class Mine extends Strategy {
  static override readonly defaults = { n: 2 };
  override setup() {
    const price = new StreamInput({ name: "price", interval: "1d" });
    ${setup}
  }
}
`;
}

/** A strategy with one node of its own. */
function computing(compute: string): string {
  return strategy(`this.addNodes(price, new ProcessingNode({ name: "mine", input: price, compute: ${compute} }));`);
}

interface Complaint {
  readonly exitCode: 1 | 2;
  readonly message: string;
  readonly hint?: string;
}

async function expectComplaint(words: readonly string[], { exitCode, message, hint }: Complaint): Promise<void> {
  const outcome = await installed.qmtl(words, folder);
  expect(outcome.stderr).toContain(`error: ${message}`);
  if (hint !== undefined) expect(outcome.stderr).toContain(`hint: ${hint}`);
  expect(outcome.stderr).not.toMatch(/^ +at /m);
  expect({ exitCode: outcome.exitCode, stdout: outcome.stdout }).toEqual({ exitCode, stdout: "" });
}

const strategyFiles: readonly (readonly [what: string, text: string, Complaint])[] = [
  [
    "an interval of 0",
    strategy(`this.addNodes(new StreamInput({ interval: 0 }));`),
    { exitCode: 2, message: "interval must be a positive number of seconds", hint: `write for example interval: "1m"` },
  ],
  [
    "a negative interval",
    strategy(`this.addNodes(new StreamInput({ interval: "-1m" }));`),
    { exitCode: 2, message: "interval must be", hint: "write" },
  ],
  [
    "an interval of another unit",
    strategy(`this.addNodes(new StreamInput({ interval: "1x" }));`),
    { exitCode: 2, message: `interval must be a positive number of seconds or text such as "45s"`, hint: "write" },
  ],
  [
    "a period of 0",
    strategy(`this.addNodes(price, sma(price, 0));`),
    { exitCode: 2, message: "period must be a whole number of rows from 1 to 1000000; found 0" },
  ],
  [
    "a negative period",
    strategy(`this.addNodes(price, sma(price, -3));`),
    { exitCode: 2, message: "period must be a whole number of rows from 1 to 1000000; found -3" },
  ],
  [
    "a fractional period",
    strategy(`this.addNodes(price, sma(price, 2.5));`),
    { exitCode: 2, message: "period must be a whole number of rows from 1 to 1000000; found 2.5" },
  ],
  [
    "a cycle",
    strategy(`const echo = (name: string, input: any) => new ProcessingNode({ name, input, compute: (view) => view.value });
    const first = echo("first", price);
    const second = echo("second", first);
    Object.defineProperty(first, "inputs", { value: [second] });
    this.addNodes(price, first, second);`),
    { exitCode: 1, message: "nodes read each other in a circle: first <- second <- first" },
  ],
  [
    "an input that was not added",
    strategy(`this.addNodes(sma(price, 2));`),
    { exitCode: 1, message: `node "sma_2" reads "price", which was not added to the strategy`, hint: "add it too" },
  ],
  [
    "two nodes of one name",
    strategy(`this.addNodes(price, sma(price, { period: 2, name: "m" }), sma(price, { period: 3, name: "m" }));`),
    { exitCode: 1, message: `two nodes of Mine are named "m"`, hint: "give one of them another name" },
  ],
  [
    "an unknown field",
    strategy(`this.addNodes(price, sma(price.field("clsoe" as never), 2));`),
    { exitCode: 1, message: `node "price" has no field "clsoe"`, hint: `did you mean "close"?` },
  ],
  [
    "a compute function that throws",
    computing(`() => { throw new TypeError("boom"); }`),
    { exitCode: 1, message: `node "mine" failed at 2024-01-01T00:00:00.000Z: boom`, hint: "its inputs were" },
  ],
  [
    "a compute function that returns NaN",
    computing(`() => NaN`),
    { exitCode: 1, message: `node "mine" returned NaN at 2024-01-01T00:00:00.000Z; expected a finite number` },
  ],
  [
    "a compute function that returns a promise",
    computing(`async () => 1`),
    { exitCode: 1, message: `compute function "mine" must be a synchronous function`, hint: "compute functions take" },
  ],
  [
    "a strategy without nodes",
    strategy(""),
    { exitCode: 1, message: "strategy Mine has no nodes", hint: "register them in setup(): this.addNodes(...)" },
  ],
  [
    "a setup that throws",
    strategy(`(undefined as never as { length: number }).length;`),
    { exitCode: 1, message: "setup() of Mine failed: Cannot read properties of undefined", hint: "the cause" },
  ],
  [
    "a file without a strategy",
    `export const nothing = 1;`,
    { exitCode: 1, message: "FILE exports no strategy", hint: "export a class that extends Strategy" },
  ],
  [
    "a file with two strategies",
    `${strategy("")} export class Other extends Mine {}`,
    { exitCode: 1, message: "FILE exports 2 strategies: Mine, Other", hint: "name one: FILE:Mine" },
  ],
  [
    "a syntax error",
    `export class Mine extends {`,
    { exitCode: 1, message: "FILE cannot be loaded:", hint: "run the file by itself" },
  ],
  [
    "TypeScript that cannot be stripped",
    `enum Side { buy }`,
    { exitCode: 1, message: "FILE cannot be loaded: TypeScript enum", hint: "strategy files use TypeScript that" },
  ],
  [
    "an import that is not there",
    `import "./nowhere.ts";`,
    { exitCode: 1, message: "FILE cannot be loaded: Cannot find module", hint: "correct the path" },
  ],
  [
    "a file that throws",
    `throw new Error("no");`,
    { exitCode: 1, message: "FILE cannot be loaded: no", hint: "run the file by itself to see more: node FILE" },
  ],
  [
    "options that are no record",
    `${strategy("")} export const backtest = [];`,
    { exitCode: 1, message: `"backtest" in FILE must be a record`, hint: "export const backtest" },
  ],
];

describe("a strategy file", () => {
  it.concurrent.each(strategyFiles)("with %s", async (what, text, { exitCode, message, hint }) => {
    const file = `${what.replaceAll(" ", "-")}.ts`;
    await writeFile(join(folder, file), text);
    const named = (words: string): string => words.replaceAll("FILE", file);
    await expectComplaint(["tools", "sdk", "offline", file, "--data", "bars.csv"], {
      exitCode,
      message: named(message),
      ...(hint !== undefined && { hint: named(hint) }),
    });
  });
});

const offline = ["tools", "sdk", "offline", "good.ts"] as const;
const calls: readonly (readonly [what: string, words: readonly string[], Complaint])[] = [
  [
    "a file that is not there",
    ["tools", "sdk", "offline", "nowhere.ts"],
    { exitCode: 1, message: "there is no strategy file nowhere.ts" },
  ],
  [
    "a class that is not there",
    ["graph", "good.ts:Minee"],
    { exitCode: 1, message: `good.ts exports no strategy "Minee"`, hint: "did you mean good.ts:Mine?" },
  ],
  ["no strategy", ["graph"], { exitCode: 2, message: "expected a strategy file, found none", hint: "name one" }],
  ["no data", offline, { exitCode: 1, message: `stream "price" has no data`, hint: "pass it to the run" }],
  [
    "data that is not there",
    [...offline, "--data", "nowhere.csv"],
    { exitCode: 1, message: "there is no file nowhere.csv", hint: "check the path" },
  ],
  [
    "two kinds of data",
    [...offline, "--data", "bars.csv", "--data", "price=bars.csv"],
    { exitCode: 2, message: `expected one --data FILE, or one per stream, found "bars.csv" beside "price="` },
  ],
  [
    "data for an unknown stream",
    [...offline, "--data", "prices=bars.csv"],
    { exitCode: 1, message: `data is given for "prices"`, hint: `did you mean "price"?` },
  ],
  [
    "data with a gap",
    [...offline, "--data", "gap.csv"],
    { exitCode: 1, message: "gap.csv row 8 (2024-01-08): expected a row in every bucket", hint: "correct the data" },
  ],
  [
    "a range without rows",
    [...offline, "--data", "bars.csv", "--start-time", "2030-01-01"],
    { exitCode: 1, message: "bars.csv: expected at least one row; found no rows in 2030-01-01" },
  ],
  [
    "__proto__ as a parameter",
    [...offline, "--data", "bars.csv", "--param", "__proto__=1"],
    { exitCode: 2, message: `Mine has no parameter "__proto__"; it has n` },
  ],
  [
    "a misspelt parameter",
    [...offline, "--data", "bars.csv", "--param", "N=1"],
    { exitCode: 2, message: `Mine has no parameter "N"; it has n`, hint: `did you mean "n"?` },
  ],
  [
    "a parameter of another type",
    [...offline, "--data", "bars.csv", "--param", "n=two"],
    { exitCode: 2, message: `parameter "n" of Mine must be a number; found "two"` },
  ],
  [
    "an unknown profile",
    [...offline, "--data", "bars.csv", "--semantics", "vectorbot"],
    { exitCode: 2, message: `semantics must be one of "qmtl", "vectorbt"` },
  ],
  [
    "a misspelt broker option",
    [...offline, "--data", "bars.csv", "--broker", "marketfil=1"],
    { exitCode: 2, message: `broker option "marketfil" is unknown`, hint: `did you mean "marketFill"?` },
  ],
  [
    "a negative fee",
    [...offline, "--data", "bars.csv", "--fee", "-1"],
    { exitCode: 2, message: "fees.rate must be a number >= 0; found -1" },
  ],
  [
    "a fee that is no number",
    [...offline, "--fee", "cheap"],
    { exitCode: 2, message: "option '--fee <rate>' argument 'cheap' is invalid. expected a number" },
  ],
  [
    "a world at an address that is none",
    ["tools", "sdk", "run", "good.ts", "--world-id", "w", "--gateway-url", "ftp://x"],
    {
      exitCode: 2,
      message: `gatewayUrl must be an http address; found "ftp://x"`,
      hint: 'for example "http://127.0.0.1:8000"',
    },
  ],
  [
    "a Gateway without a world",
    ["tools", "sdk", "run", "good.ts", "--gateway-url", "http://127.0.0.1:8000"],
    { exitCode: 2, message: "--world-id is needed with the other options" },
  ],
  [
    "a run that is not there",
    ["report", "nowhere"],
    { exitCode: 1, message: `there is no run "nowhere"`, hint: "make one" },
  ],
  [
    "an unknown template",
    ["project", "init", "--path", "new", "--strategy", "brnching"],
    { exitCode: 2, message: `there is no template "brnching"`, hint: `did you mean "branching"?` },
  ],
  [
    "a folder that is not empty",
    ["project", "init", "--path", "."],
    { exitCode: 1, message: `expected an empty folder, found `, hint: "choose another folder" },
  ],
  [
    "a file where the folder should be",
    ["project", "init", "--path", "bars.csv/new"],
    { exitCode: 1, message: `the project cannot be written to "bars.csv/new": not a directory` },
  ],
];

describe("a call", () => {
  it.concurrent.each(calls)("with %s", async (_what, words, complaint) => {
    await expectComplaint(words, complaint);
  });

  it("that failed has written nothing", async () => {
    const names = await readdir(folder);
    expect(names.filter((name) => name === "new" || name.startsWith(".qmtl"))).toEqual([]);
  });
});

it("shows the stack with --debug", async () => {
  const { stderr } = await installed.qmtl(["tools", "sdk", "offline", "nowhere.ts", "--debug"], folder);
  expect(stderr).toMatch(/^ +at /m);
});

describe("settings in qmtl.yml", () => {
  it.each([
    ["a: b: c", "qmtl.yml is no YAML: "],
    ["projct: {}", `qmtl.yml has the unknown key "projct"`],
    ["project: { default_stratgy: x }", `"project" in qmtl.yml has the unknown key "default_stratgy"`],
    ["project: { default_strategy: 3 }", "project.default_strategy must be a file name; found 3"],
    ["project: []", `"project" in qmtl.yml must hold keys and values`],
  ])("%s", async (text, message) => {
    const place = await mkdtemp(join(folder, "settings-"));
    await writeFile(join(place, "qmtl.yml"), text);
    const { exitCode, stderr } = await installed.qmtl(["graph"], place);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(`error: ${message}`) });
  });
});
