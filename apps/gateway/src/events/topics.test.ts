import { expect, it } from "vitest";
import { normalTopics } from "./topics.ts";

it.each([
  [[], []],
  [
    ["queues", "queue", "Activation"],
    ["queue", "activation"],
  ],
  [
    ["w/w1/queues", "policy", "sentinel_weight"],
    ["queue", "policy", "activation"],
  ],
])("reads %j as %j", (asked, topics) => expect(normalTopics(asked, "w1")).toEqual(topics));

it.each([
  [["activatoin"], "REQUEST_INVALID", 'did you mean "activation"?'],
  [["rebalancing"], "REQUEST_INVALID", "ask for one of"],
  [["constructor"], "REQUEST_INVALID", "ask for one of"],
  [["w/w2/queues"], "PERMISSION_DENIED", undefined],
])("refuses %j", (asked, code, hint) => {
  expect(() => normalTopics(asked, "w1")).toThrow(expect.objectContaining({ code }));
  if (hint !== undefined)
    expect(() => normalTopics(asked, "w1")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(hint) as string }),
    );
});
