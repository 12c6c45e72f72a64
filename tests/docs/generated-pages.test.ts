import { expect, it } from "vitest";
import { generatedPages } from "../../scripts/docs.ts";
import { readPage } from "./blocks.ts";

it.each([...(await generatedPages())])("%s is what the sources say (else: node scripts/docs.ts)", (page, text) => {
  expect(readPage(page)).toBe(text);
});
