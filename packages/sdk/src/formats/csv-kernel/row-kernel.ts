import { kernelTables } from "./kernel-tables.ts";
import { columnKind, memoryPages, oddMax, slotMap, tables } from "./memory-map.ts";
import { absent, numberCells } from "./number-cell.ts";
import { findSeparators } from "./separators.ts";
import { timeCell } from "./time-cell.ts";
import { FunctionCode, i32, i64, i8x16, wasmModule, type Code, type Label } from "./wasm-code.ts";

const newline = 10;
const carriageReturn = 13;

/** Columns of which each has code of its own: more of them would be more code than it takes time to look at their kinds. */
export const straightMax = 8;

/**
 * The module that parses rows of a CSV file: `run(slot, from, to, stride, columnCount, delimiter, decimal)`, addresses in
 * bytes of its memory, answers how many rows it put into the slot's block. The text is whole lines.
 *
 * It takes a line that has as many cells as there are columns, none quoted, where numbers are digits with at most one
 * decimal mark and a minus sign, or absent, and times are ISO-8601. Every other line it leaves to the caller, and says
 * where it stands: see `slotMap`.
 *
 * @param fuses - as `fusionProbe` says
 * @param kinds - `columnKind` per column, for a module that is for these alone; without, the kinds are read from the memory
 */
export function rowKernel(fuses: boolean, kinds?: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = new FunctionCode(7, tables.constants);
  const [slot, from, to, stride] = [code.param(0), code.param(1), code.param(2), code.param(3)];
  const [columnCount, delimiter, decimal] = [code.param(4), code.param(5), code.param(6)];
  const [next, lineStart, start, end, column, target, rowTarget, rows, oddRun, kind] = code.locals("i32", 10);
  const decimals = code.local("v128");
  const [lastColumn, separator, lineNext] = code.locals("i32", 3);

  const leaveLine = (): Code => [
    next.set(lineNext.get),
    code.loop((again) => [
      end.set(i32.load(next.get)),
      next.set(i32.add(next.get, i32.const(4))),
      code.branchIf(again, i32.ne(i32.load8(end.get), i32.const(newline))),
    ]),
    start.set(i32.add(end.get, i32.const(1))),
    // One entry per run; the last there is room for takes the rest of the text.
    code.if(
      i32.and(
        i32.ne(i32.load(slot.get, slotMap.oddCount), i32.const(0)),
        i32.and(i32.eq(i32.load(oddRun.get, 0), rows.get), i32.eq(i32.load(oddRun.get, 8), lineStart.get)),
      ),
      () => [i32.store(oddRun.get, start.get, 8)],
      () => [
        code.if(i32.ne(i32.load(slot.get, slotMap.oddCount), i32.const(0)), () => [
          oddRun.set(i32.add(oddRun.get, i32.const(12))),
        ]),
        i32.store(slot.get, i32.add(i32.load(slot.get, slotMap.oddCount), i32.const(1)), slotMap.oddCount),
        i32.store(oddRun.get, rows.get, 0),
        i32.store(oddRun.get, lineStart.get, 4),
        code.if(i32.eq(i32.load(slot.get, slotMap.oddCount), i32.const(oddMax)), () => [start.set(to.get)]),
        i32.store(oddRun.get, start.get, 8),
      ],
    ),
  ];

  const cells = numberCells(code, { start, end, target, decimal, decimals }, fuses);
  const readTime = timeCell(code, { start, end, target, slot });

  const endsOther = (odd: Label): Code => code.branchIf(odd, i32.ne(i32.load8(end.get), delimiter.get));
  const endsLast = (odd: Label): Code => [
    code.branchIf(odd, i32.ne(i32.load8(end.get), i32.const(newline))),
    // The carriage return before it is no part of the cell.
    end.set(
      i32.sub(
        end.get,
        i32.and(
          i32.eq(i32.load8(i32.sub(end.get, i32.const(1))), i32.const(carriageReturn)),
          i32.gtU(end.get, start.get),
        ),
      ),
    ),
  ];
  const readUndecided = (odd: Label): Code => [
    code.branchIf(odd, i32.ne(start.get, end.get)),
    i64.store(target.get, i64.const(absent)),
  ];
  const readers: readonly Reader[] = [
    { kind: columnKind.number, read: cells },
    { kind: columnKind.time, read: readTime },
    { kind: columnKind.undecided, read: readUndecided },
  ];
  const nextStart: Code = [
    start.set(i32.add(separator.get, i32.const(1))),
    target.set(i32.add(target.get, stride.get)),
  ];
  /** A row whose columns have these kinds. */
  const straightRow = (kinds: readonly number[], odd: Label): Code => [
    kinds.map((kind, column): Code => [
      end.set(separator.tee(i32.load(next.get, 4 * column))),
      column === kinds.length - 1 ? endsLast(odd) : endsOther(odd),
      readers.find((reader) => reader.kind === kind)?.read(odd) ?? [],
      nextStart,
    ]),
    next.set(i32.add(next.get, i32.const(4 * kinds.length))),
  ];
  const readByKind = (odd: Label, [first, ...others]: readonly Reader[]): Code =>
    first === undefined
      ? []
      : code.if(
          i32.eq(kind.get, i32.const(first.kind)),
          () => first.read(odd),
          () => readByKind(odd, others),
        );
  /** A row of any columns. */
  const anyRow = (odd: Label): Code => [
    column.set(i32.const(0)),
    code.loop((nextCell) => [
      end.set(separator.tee(i32.load(next.get))),
      next.set(i32.add(next.get, i32.const(4))),
      code.if(
        i32.eq(column.get, lastColumn.get),
        () => endsLast(odd),
        () => endsOther(odd),
      ),
      kind.set(i32.load8(column.get, tables.kinds)),
      readByKind(odd, readers),
      nextStart,
      code.branchIf(nextCell, i32.leU(column.tee(i32.add(column.get, i32.const(1))), lastColumn.get)),
    ]),
  ];

  const body = code.encoded([
    findSeparators(code, { from, to, delimiter, next }),
    decimals.set(i8x16.splat(decimal.get)),
    i32.store(slot.get, i32.const(0), slotMap.flags),
    i32.store(slot.get, i32.const(0), slotMap.oddCount),
    next.set(i32.const(tables.separators)),
    start.set(from.get),
    rowTarget.set(i32.add(slot.get, i32.const(slotMap.block))),
    oddRun.set(i32.add(slot.get, i32.const(slotMap.odd))),
    lastColumn.set(i32.sub(columnCount.get, i32.const(1))),
    code.block((done) => [
      code.loop((nextLine) => [
        code.branchIf(done, i32.geU(start.get, to.get)),
        lineStart.set(start.get),
        lineNext.set(next.get),
        target.set(rowTarget.get),
        code.block((odd) => [
          kinds === undefined ? anyRow(odd) : straightRow(kinds, odd),
          rows.set(i32.add(rows.get, i32.const(1))),
          rowTarget.set(i32.add(rowTarget.get, i32.const(8))),
          code.branch(nextLine),
        ]),
        leaveLine(),
        code.branch(nextLine),
      ]),
    ]),
    rows.get,
  ]);
  return wasmModule(7, body, memoryPages, [...kernelTables(), { at: tables.constants, bytes: code.constants() }]);
}

/** How cells of a kind are read; columns of any other kind are passed over. */
interface Reader {
  readonly kind: number;
  readonly read: (odd: Label) => Code;
}
