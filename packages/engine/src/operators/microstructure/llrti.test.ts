import { expect, it } from "vitest";
import { expectedJump, fitLlrtiJumpModel, labelJumps, llrti, llrtiHazard, llrtiJumpProbability } from "./llrti.ts";
import { logistic } from "./logistic.ts";

it("rates depth change per time around a move", () => {
  expect(llrti([4, -1, 3], 0.2, 3, 0.1)).toBe(2);
  expect(llrti([4, -1, 3], 0.1, 3, 0.1)).toBe(0);
  expect(llrti([4, -1, 3], 0.2, 0, 0.1)).toBe(0);
});

it("labels and sizes jumps", () => {
  expect(labelJumps([0.1, -0.2, 0.3], 0.2)).toEqual([0, 1, 1]);
  expect(expectedJump([-2, 4])).toBe(3);
  expect(expectedJump([])).toBe(0);
});

it("takes the first gradient step from zero by hand", () => {
  // p = 1/2 everywhere: gradient b0 = (1/2 - 1/2)/2 = 0, b1 = (1/2*(-1) - 1/2*1)/2 = -1/2
  expect(fitLlrtiJumpModel([[-1], [1]], [0, 1], { learningRate: 0.1, epochs: 1 })).toEqual([0, 0.05]);
});

it("separates what can be separated", () => {
  const model = fitLlrtiJumpModel([[-2], [-1], [1], [2]], [0, 0, 1, 1], { epochs: 500 });
  expect(llrtiJumpProbability([2], model)).toBeGreaterThan(0.95);
  expect(llrtiJumpProbability([-2], model)).toBeLessThan(0.05);
});

it("refuses rows and labels that do not match", () => {
  expect(() => fitLlrtiJumpModel([[1]], [0, 1])).toThrow("found 1 rows and 2 labels");
  expect(() => fitLlrtiJumpModel([[1], [1, 2]], [0, 1])).toThrow("row 1 has 2 features, row 0 has 1");
  expect(() => fitLlrtiJumpModel([], [])).toThrow("found 0 rows and 0 labels");
  expect(() => llrtiJumpProbability([1, 2], [0, 1])).toThrow("expected 3 weights");
});

it("joins hazard and jump, and prices them only when all costs are known", () => {
  const input = { depthChanges: [2], priceChange: 1, durationMs: 1, threshold: 0, model: [-1, 1], jumps: [4] };
  const hazard = logistic(1);
  expect(llrtiHazard(input)).toEqual({ llrti: 2, hazard, expectedJump: 4, hazardJump: 4 * hazard });
  expect(llrtiHazard({ ...input, spread: 0.5, takerFee: 0.25 })).not.toHaveProperty("cost");
  expect(llrtiHazard({ ...input, spread: 0.5, takerFee: 0.25, impact: 1 }).cost).toBe(1.5);
});
