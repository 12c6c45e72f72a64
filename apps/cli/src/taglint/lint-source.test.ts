import { describe, expect, it } from "vitest";
import { fixSource, lintSource } from "./lint-source.ts";

const messages = (source: string): string[] =>
  lintSource(source, "typescript").map(({ line, message }) => `${line}: ${message}`);
const fixed = (source: string): string => fixSource(source, "typescript").source;
const good = `{ scope: "indicator", family: "trend", interval: "1m", asset: "btc" }`;

describe("lintSource", () => {
  it.each([
    ["plain", `export const TAGS = ${good};`],
    ["typed", `type Tags = Record<string, string>;\nexport const TAGS: Tags = ${good} as const satisfies Tags;`],
    ["exported by name", `const TAGS = ${good};\nexport { TAGS };`],
    [
      "quoted keys and other keys",
      `export const TAGS = ${good.replace("scope", `"scope"`).replace("}", `, window: 20 }`)};`,
    ],
    ["after characters of several bytes", `const 값: Map<string, "한😀"> = new Map();\nexport const TAGS = ${good};`],
  ])("accepts tags that are %s", (_what, source) => {
    expect(messages(source)).toEqual([]);
  });

  it.each([
    [`scope: "Indicator"`, `1: scope "Indicator" must be lower case: "indicator"`],
    [
      `scope: "indicater"`,
      `1: scope "indicater" is not known, one of indicator, signal, performance, portfolio, generator, transform (did you mean indicator?)`,
    ],
    [`scope: ["indicator", "signal"]`, `1: scope is a list, found ["indicator", "signal"]: give one value`],
    [`scope: pick()`, `1: scope must be a plain text or number, found pick()`],
    [
      `scope: ""`,
      `1: scope is empty: fill it in, one of indicator, signal, performance, portfolio, generator, transform`,
    ],
    [`Scope: "indicator"`, `1: key "Scope" must be lower case: "scope"`],
  ])("names what is wrong in %s", (entry, message) => {
    expect(messages(`export const TAGS = ${good.replace(`scope: "indicator"`, entry)};`)).toEqual([message]);
  });

  it.each([
    [`60`, "1m"],
    [`"60"`, "1m"],
    [`"60s"`, "1m"],
    [`"300s"`, "5m"],
    [`3600`, "1h"],
    [`"86400"`, "1d"],
    [`"1D"`, "1d"],
  ])("asks for the normal form of interval %s", (value, normal) => {
    const source = `export const TAGS = ${good.replace(`"1m"`, value)};`;
    expect(messages(source)).toEqual([`1: interval ${value} must be written "${normal}"`]);
    expect(fixed(source)).toBe(`export const TAGS = ${good.replace("1m", normal)};`);
  });

  it.each([`"7m"`, `0`, `true`, `"1M"`])("refuses interval %s, which nothing but its author can mend", (value) => {
    const source = `export const TAGS = ${good.replace(`"1m"`, value)};`;
    expect(messages(source)).toEqual([`1: interval ${value} is not valid, one of 1m, 5m, 1h, 1d`]);
    expect(fixed(source)).toBe(source);
  });

  it("reports the line of each problem", () => {
    const source = `import x from "x";\nexport const TAGS = {\n  scope: "signal",\n  ...x,\n  family: "Trend",\n};\n`;
    expect(messages(source)).toEqual([
      '4: TAGS takes only entries of the form key: "value", found ...x',
      `5: family "Trend" must be lower case: "trend"`,
      "2: interval is missing, one of 1m, 5m, 1h, 1d",
      "2: asset is missing",
    ]);
  });

  it.each([
    ["no TAGS", `export const A = 1;\n`, "1: no TAGS: expected export const TAGS = { scope, family, interval, asset }"],
    ["a call", `export const TAGS = make();`, "1: TAGS must be an object literal, so that tools can read it"],
    ["a syntax error", `export const TAGS = {`, expect.stringMatching(/^1: not a module that can be read: /)],
    [
      "a key twice",
      `export const TAGS = ${good.replace("}", `, Asset: "eth" }`)};`,
      `1: key "asset" stands more than once: keep one`,
    ],
  ])("tells of %s", (_what, source, message) => {
    expect(messages(source)).toContainEqual(message);
  });
});

describe("fixSource", () => {
  const untidy = `#!/usr/bin/env node
"use strict";
import { x } from "./x.ts"; // keep

const TAGS: Record<string, unknown> = {
  // why this scope
  Scope: "Indicator",
  interval: 60, /* bars */
  asset: ["BTC"],
} as const;
`;

  it("changes what a machine can decide, and nothing else of the text", () => {
    expect(fixed(untidy)).toBe(`#!/usr/bin/env node
"use strict";
import { x } from "./x.ts"; // keep

export const TAGS: Record<string, unknown> = {
  // why this scope
  scope: "indicator",
  interval: "1m", /* bars */
  asset: "btc",
  family: "",
} as const;
`);
  });

  it.each([
    ["an untidy literal", untidy],
    ["no TAGS", `// licence\n\n"use strict";\nimport a from "a";\nimport b from "b";\n\nexport const c = 1;\n`],
    ["no TAGS and no imports", `/** About. */\nexport const c = 1;\n`],
    ["nothing at all", ""],
    ["an empty literal", "export const TAGS = {};"],
    ["an empty literal with a comment", "export const TAGS = { /* none yet */ };"],
    ["a trailing comma in a row", `export const TAGS = { scope: "signal", };`],
    ["CRLF line ends", `import a from "a";\r\nexport const TAGS = {\r\n\tscope: "SIGNAL"\r\n};\r\n`],
  ])("leaves only what a person must fill in: %s", (_what, source) => {
    const left = lintSource(fixed(source), "typescript");
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter(({ message }) => !message.includes(" is empty: fill it in"))).toEqual([]);
    expect(left.filter(({ fix }) => fix !== undefined)).toEqual([]);
    expect(fixed(fixed(source))).toBe(fixed(source));
  });

  it("keeps the line ends of the file", () => {
    expect(fixed(`import a from "a";\r\n`)).not.toMatch(/[^\r]\n/);
  });

  it("puts new TAGS below the imports", () => {
    expect(fixed(`"use strict";\nimport a from "a";\nexport const b = a;\n`)).toMatch(
      /^"use strict";\nimport a from "a";\n\nexport const TAGS = \{\n  scope: "",\n[^]*\};\nexport const b = a;\n$/,
    );
  });
});
