import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { lazyArray } from "./lazy-array.ts";

function counted(length: number) {
  const made: number[] = [];
  const array = lazyArray(length, (index) => {
    made.push(index);
    return { index };
  });
  return { array, made };
}
const plain = [{ index: 0 }, { index: 1 }, { index: 2 }];

describe("an array made when it is looked at", () => {
  it("knows its length without making anything", () => {
    const { array, made } = counted(3);
    expect(array.length).toBe(3);
    expect(made).toEqual([]);
  });

  it("makes the one element that is asked for, once", () => {
    const { array, made } = counted(3);
    expect(array[1]).toBe(array[1]);
    expect(array[3]).toBeUndefined();
    expect(made).toEqual([1]);
    expect(array.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(made).toEqual([1, 0, 2]);
  });

  it.each<[string, (array: readonly { readonly index: number }[]) => unknown]>([
    ["iteration", (array) => [...array]],
    ["JSON", (array) => JSON.stringify(array)],
    ["at", (array) => array.at(-1)],
    ["slice", (array) => array.slice(1)],
    ["filter", (array) => array.filter(({ index }) => index > 0)],
    ["entries", (array) => [...array.entries()]],
    ["keys", (array) => [Object.keys(array), 1 in array, 3 in array, Object.hasOwn(array, 2)]],
    ["concat", (array) => [{ index: -1 }, ...array].concat(array)],
    ["a sorted copy", (array) => array.toSorted((a, b) => b.index - a.index)],
    ["what it is", (array) => [Array.isArray(array), array instanceof Array, Object.prototype.toString.call(array)]],
    ["what Node.js prints", (array) => inspect(array)],
  ])("is the array it stands for: %s", (_, read) => {
    expect(read(counted(3).array)).toEqual(read(plain));
  });

  it("equals the array it stands for", () => {
    expect(counted(3).array).toEqual(plain);
    expect(plain).toEqual(counted(3).array);
    expect(counted(3).array).not.toEqual(plain.slice(1));
  });

  it("cannot be written to", () => {
    const array = counted(3).array as { index: number }[];
    expect(() => (array[0] = { index: 9 })).toThrow(TypeError);
    expect(() => Reflect.deleteProperty(array, 0)).not.toThrow();
    expect(array).toEqual(plain);
  });
});
