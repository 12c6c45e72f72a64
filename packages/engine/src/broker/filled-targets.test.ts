import { expect, it } from "vitest";
import { FillTable } from "./fill-table.ts";
import { FilledTargets, M } from "./filled-targets.ts";
import { OrderTable } from "./order-table.ts";
import { TextTable } from "./record-table.ts";

/** So many that they stand in several pieces, each number of each row its own. */
const count = 1_300;

function append(filled: FilledTargets, order: number): void {
  const at = filled.append();
  const row = {
    quantity: order % 2 === 0 ? order + 1 : -order,
    price: order + 0.5,
    fee: order / 8,
    slippage: order / 4,
  };
  for (const [field, value] of Object.entries({
    ...row,
    sizeValue: 0,
    submittedMs: order * 10,
    fillMs: order * 10 + 1,
  }))
    filled.data[at + M[field as keyof typeof M]] = value;
  filled.data[at + M.barMs] = order * 10 + 2;
  filled.data[at + M.eligibleBar] = order;
}

it("reads the same as orders and fills of the tables", () => {
  const filled = new FilledTargets(0, 3);
  for (let order = 0; order < count; order++) append(filled, order);
  filled.clear();
  for (let order = 1; order <= count; order++) append(filled, order);
  expect(filled.length).toBe(count);

  const texts = new TextTable();
  const [orders, fills] = [new OrderTable(texts), new FillTable()];
  const read = Array.from({ length: count }, (_, index) => ({
    order: filled.makeOrder(index, index + 1),
    fill: filled.makeFill(index, index + 1, index + 1),
  }));
  expect(read[700]).toMatchObject({
    order: { side: "SELL", quantity: 701, averagePrice: 701.5, submittedMs: 7_010, closedMs: 7_011 },
    fill: { side: "SELL", quantity: 701, price: 701.5, fee: 701 / 8, timeMs: 7_011, barTimeMs: 7_012 },
  });
  filled.moveTo(orders, fills);
  expect(filled.length).toBe(0);
  expect(read.map(({ order }) => order)).toEqual(Array.from({ length: count }, (_, index) => orders.make(index)));
  expect(read.map(({ fill }) => fill)).toEqual(Array.from({ length: count }, (_, index) => fills.make(index)));
});
