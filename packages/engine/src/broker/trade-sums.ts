import { A } from "../operators/vector/index.ts";

/** What closed trades add up to, in their order; for the figures of a run. */
export interface TradeSums {
  readonly count: number;
  readonly wins: number; // trades with pnl > 0
  readonly losses: number; // trades with pnl < 0
  readonly gained: number; // sum of the pnl of wins
  readonly lost: number; // sum of -pnl of losses
  /** Sums of pnl less the first pnl, and of the squares of that: the deviation follows without a second look at all. */
  readonly firstPnl: number; // NaN without trades
  readonly beyondSum: number;
  readonly squareSum: number;
  readonly returnSum: number;
  readonly bestReturn: number; // -Infinity without trades
  readonly worstReturn: number; // Infinity without trades
}

/** Adds up closed trades one by one; goes on from where it stands. */
export class TradeAdder implements TradeSums {
  count = 0;
  wins = 0;
  losses = 0;
  gained = 0;
  lost = 0;
  firstPnl = Number.NaN;
  beyondSum = 0;
  squareSum = 0;
  returnSum = 0;
  bestReturn = Number.NEGATIVE_INFINITY;
  worstReturn = Number.POSITIVE_INFINITY;

  add(pnl: number, returnFraction: number): void {
    if (this.count === 0) this.firstPnl = pnl;
    const beyond = pnl - this.firstPnl;
    this.beyondSum += beyond;
    this.squareSum += beyond * beyond;
    this.count += 1;
    if (pnl > 0) {
      this.wins += 1;
      this.gained += pnl;
    } else if (pnl < 0) {
      this.losses += 1;
      this.lost -= pnl;
    }
    this.returnSum += returnFraction;
    this.bestReturn = Math.max(this.bestReturn, returnFraction);
    this.worstReturn = Math.min(this.worstReturn, returnFraction);
  }

  /** Hands the sums to `accountRows`. */
  lend(numbers: Float64Array): void {
    numbers[A.count] = this.count;
    numbers[A.wins] = this.wins;
    numbers[A.losses] = this.losses;
    numbers[A.gained] = this.gained;
    numbers[A.lost] = this.lost;
    numbers[A.firstPnl] = this.firstPnl;
    numbers[A.beyondSum] = this.beyondSum;
    numbers[A.squareSumOfPnl] = this.squareSum;
    numbers[A.sumOfReturns] = this.returnSum;
    numbers[A.bestReturn] = this.bestReturn;
    numbers[A.worstReturn] = this.worstReturn;
  }

  takeBack(numbers: Float64Array): void {
    this.count = numbers[A.count]!;
    this.wins = numbers[A.wins]!;
    this.losses = numbers[A.losses]!;
    this.gained = numbers[A.gained]!;
    this.lost = numbers[A.lost]!;
    this.firstPnl = numbers[A.firstPnl]!;
    this.beyondSum = numbers[A.beyondSum]!;
    this.squareSum = numbers[A.squareSumOfPnl]!;
    this.returnSum = numbers[A.sumOfReturns]!;
    this.bestReturn = numbers[A.bestReturn]!;
    this.worstReturn = numbers[A.worstReturn]!;
  }

  copy(): TradeAdder {
    return Object.assign(new TradeAdder(), this);
  }
}
