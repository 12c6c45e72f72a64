import { QmtlError } from "@qmtl/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { completeConfig } from "./complete.ts";
import { settingsFromEnvironment } from "./environment.ts";
import { readDocument, settings, variableOf } from "./index.ts";

/** What a parser may do with a text: take it, or refuse it as a configuration. */
function onlyRefuses(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(QmtlError);
    expect((error as QmtlError).code).toBe("CONFIG_INVALID");
  }
}

const sources = { environment: {}, readFile: () => "secret" };
const yamlPieces = fc.constantFrom(
  ..."- ? : , [ ] { } # & * ! | > ' \" % @ ` \n \n  \t ~ <<: gateway: port: 1 null true .inf 0x1f 1e999 --- ... \u0000 \ud800 é".split(
    " ",
  ),
);

it("takes or refuses any document, and never fails otherwise", () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.array(yamlPieces, { maxLength: 60 }).map((pieces) => pieces.join(" ")),
    fc.array(yamlPieces, { maxLength: 60 }).map((pieces) => pieces.join("")),
    fc.json(),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom("yaml" as const, "json" as const), (text, format) => {
      onlyRefuses(() => completeConfig(readDocument(text, "qmtl.yml", format), "qmtl.yml", sources, () => {}));
    }),
    { numRuns: 600 },
  );
});

it("takes or refuses any value of any setting", () => {
  const section = fc.constantFrom(...settings);
  fc.assert(
    fc.property(section, fc.anything(), ({ path }, value) => {
      const document = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
      onlyRefuses(() => completeConfig(document, "qmtl.yml", sources, () => {}));
    }),
    { numRuns: 600 },
  );
});

it("takes or refuses any text of any variable", () => {
  const names = fc.oneof(
    fc.constantFrom(...settings.map(variableOf)),
    fc.string().map((text) => `QMTL__${text}`),
  );
  fc.assert(
    fc.property(fc.dictionary(names, fc.string()), (environment) => {
      onlyRefuses(() => settingsFromEnvironment(environment));
    }),
    { numRuns: 600 },
  );
});
