import { dagHash, readJson, type WireObject } from "@qmtl/core";
import { expect, it } from "vitest";
import { dagTextOf } from "./dag-text.ts";

const vector = '{"nodes":[{"node_id":"n1"}],"meta":{"a":1}}';

it.each([vector, '{"nodes":[]}', '{"z":1.0,"nodes":[{"params":{"a":1.0,"b":[1,"가"]}},{}],"\u00e9":null}'])(
  "hashes %s as the document's hash is defined",
  (text) => {
    const document = readJson(text) as WireObject;
    expect(dagTextOf(document).hash).toBe(dagHash(document));
    const nodes = [...(document["nodes"] as WireObject[]), { node_id: "x" }];
    expect(readJson(dagTextOf(document).withNode({ node_id: "x" }))).toEqual({ ...document, nodes });
  },
);

it("gives the published hash", () => {
  const hash = "2ee85bd45aae493b1e4679a74bf37e513f3e3f52418550a13bac116039728230";
  expect(dagTextOf(readJson(vector) as WireObject).hash).toBe(hash);
});
