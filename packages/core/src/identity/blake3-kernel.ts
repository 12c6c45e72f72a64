/** Encoded instructions: an expression leaves its value on the stack, a statement nothing. */
type Code = readonly (number | Code)[];

/** Where things stand in the kernel's memory; bytes. */
export const kernelMap = {
  lengths: 128, // one i32 per text
  hex: 512, // 64 digits per text
  texts: 8_192,
} as const;
export const kernelTexts = 64;
/** A chunk: what is longer is hashed as a tree, which is not this kernel's. */
export const kernelTextBytes = 1_024;
const kernelPages = 2;

const iv = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/** State words of the eight mixings of a round: columns, then diagonals. */
const mixings = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;
const chunkStart = 1;
const chunkEndOfRoot = 2 | 8;

// Locals: the parameter, then i32 and v128 variables, in the order of their declaration below.
const group = 0; // first text of the four
const last = 1; // behind the last text
const start = [2, 3, 4, 5] as const; // of what is left of each text
const left = [6, 7, 8, 9] as const; // bytes
const active = [10, 11, 12, 13] as const; // all ones until the text has ended
const size = [14, 15, 16, 17] as const; // of the block
const i32Locals = 17;
const word = (index: number): number => 18 + index; // of the state, while a block is mixed in
const message = (index: number): number => 34 + index;
const chain = (index: number): number => 50 + index;
const [flags, growing, spare] = [58, 59, 60] as const;
const v128Locals = 43;

/**
 * A module with one function `run(count)`: BLAKE3 of that many texts of at most one chunk, four at a time, one in each
 * lane, written as hex digits. Its memory is exported.
 *
 * @see BLAKE3, one function, fast everywhere, section 2, for the compression of a block
 * @see WebAssembly Core Specification 2.0, chapter 5, for the encoding
 */
export function blake3Kernel(): Uint8Array<ArrayBuffer> {
  const locals = [
    [i32Locals, 0x7f],
    [v128Locals, 0x7b],
  ];
  const name = (text: string): Code => sized(Array.from(text, (letter) => letter.codePointAt(0)!));
  const ones = [0, i32(0), 0x0b, sized(Array.from({ length: 64 }, () => 0xff))];
  const sections = [
    [1, sized([1, 0x60, 1, 0x7f, 0])],
    [3, sized([1, 0])],
    [5, sized([1, 0, kernelPages])],
    [7, sized([2, name("run"), 0, 0, name("memory"), 2, 0])],
    [10, sized([1, sized([locals.length, locals, body(), 0x0b])])],
    [11, sized([1, ones])],
  ];
  return Uint8Array.from(flat([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, sections]));
}

function body(): Code {
  return [
    set(last, get(group)),
    set(group, i32(0)),
    loop(
      lanes((lane) => [
        set(start[lane], add(i32(kernelMap.texts + lane * kernelTextBytes), shl(get(group), 10))),
        set(left[lane], load(add(i32(kernelMap.lengths + lane * 4), shl(get(group), 2)))),
        set(active[lane], i32(-1)),
      ]),
      iv.map((value, index) => set(chain(index), v.splat(i32(value | 0)))),
      set(flags, v.splat(i32(chunkStart))),
      loop(
        block(),
        set(flags, v.splat(i32(0))),
        // While any text goes on.
        or(or(get(active[0]), get(active[1])), or(get(active[2]), get(active[3]))),
      ),
      digits(),
      set(group, add(get(group), i32(4))),
      less(get(group), get(last)),
    ),
  ];
}

/** Mixes the next block of each text into its chaining value; a text that has ended keeps its own. */
function block(): Code {
  return [
    lanes((lane) => set(size[lane], choose(i32(64), get(left[lane]), less(i32(64), get(left[lane]))))),
    [0, 1, 2, 3].map((quarter) => {
      const piece = (lane: Lane): Code =>
        // The bytes behind the text are another's: ones for what is the text's, zeros for the rest.
        v.and(v.load(get(start[lane]), 16 * quarter), v.load(sub(i32(64), get(size[lane])), 16 * quarter));
      return transposed([piece(0), piece(1), piece(2), piece(3)], (row) => message(4 * quarter + row));
    }),
    chainToState(),
    rounds(),
    set(
      growing,
      inLanes((lane) => get(active[lane])),
    ),
    Array.from({ length: 8 }, (_, index) =>
      set(chain(index), v.choose(v.xor(get(word(index)), get(word(index + 8))), get(chain(index)), get(growing))),
    ),
    lanes((lane) => [
      set(active[lane], and(get(active[lane]), sub(i32(0), less(i32(64), get(left[lane]))))),
      set(start[lane], add(get(start[lane]), get(size[lane]))),
      set(left[lane], sub(get(left[lane]), get(size[lane]))),
    ]),
  ];
}

function chainToState(): Code {
  return [
    Array.from({ length: 8 }, (_, index) => set(word(index), get(chain(index)))),
    [0, 1, 2, 3].map((index) => set(word(8 + index), v.splat(i32(iv[index]! | 0)))),
    set(word(12), v.splat(i32(0))), // number of the chunk
    set(word(13), v.splat(i32(0))),
    set(
      word(14),
      inLanes((lane) => get(size[lane])),
    ),
    set(
      word(15),
      v.or(
        get(flags),
        inLanes((lane) => choose(i32(0), i32(chunkEndOfRoot), less(i32(64), get(left[lane])))),
      ),
    ),
  ];
}

function rounds(): Code {
  const code: Code[] = [];
  let order = Array.from({ length: 16 }, (_, index) => index);
  for (let round = 0; round < 7; round++) {
    mixings.forEach(([a, b, c, d], index) => {
      code.push(
        mixed(a, b, c, d, message(order[2 * index]!), rotated16, 12),
        mixed(a, b, c, d, message(order[2 * index + 1]!), rotated8, 7),
      );
    });
    order = permutation.map((from) => order[from]!);
  }
  return code;
}

/** One half of a mixing: two additions, two rotations to the right. */
function mixed(a: number, b: number, c: number, d: number, m: number, rotate: (x: Code) => Code, bits: number): Code {
  const [A, B, C, D] = [word(a), word(b), word(c), word(d)] as const;
  return [
    set(A, v.add(v.add(get(A), get(B)), get(m))),
    set(D, rotate(v.xor(get(D), get(A)))),
    set(C, v.add(get(C), get(D))),
    set(B, v.xor(get(B), get(C))),
    set(B, v.or(v.shrU(get(B), i32(bits)), v.shl(get(B), i32(32 - bits)))),
  ];
}

const rotated16 = (x: Code): Code => moved(x, (byte) => (byte + 2) % 4);
const rotated8 = (x: Code): Code => moved(x, (byte) => (byte + 1) % 4);

/** The bytes of each word in another order. */
function moved(x: Code, from: (byte: number) => number): Code {
  return [
    x,
    set(spare, []),
    v.shuffle(
      get(spare),
      get(spare),
      bytes16((byte) => (byte & ~3) + from(byte & 3)),
    ),
  ];
}

/** Puts the chaining values of the four texts down as hex digits. */
function digits(): Code {
  const table = v.const(Array.from("0123456789abcdef", (letter) => letter.codePointAt(0)!));
  return [0, 1].map((half) => [
    transposed([0, 1, 2, 3].map((index) => get(chain(4 * half + index))) as readonly Code[] as Four, (row) =>
      message(row),
    ),
    lanes((lane) => {
      const at = add(i32(kernelMap.hex + 64 * lane + 32 * half), shl(get(group), 6));
      const high = v.shrU8(get(message(lane)), i32(4));
      const low = v.and(get(message(lane)), v.const(bytes16(() => 0x0f)));
      const pairs = (from: number): Code =>
        v.shuffle(
          high,
          low,
          bytes16((byte) => from + (byte >> 1) + (byte & 1) * 16),
        );
      return [v.store(at, v.swizzle(table, pairs(0)), 0), v.store(at, v.swizzle(table, pairs(8)), 16)];
    }),
  ]);
}

type Lane = 0 | 1 | 2 | 3;
type Four = readonly [Code, Code, Code, Code];

function lanes(code: (lane: Lane) => Code): Code {
  return [code(0), code(1), code(2), code(3)];
}

/** A vector of one number for each lane. */
function inLanes(number: (lane: Lane) => Code): Code {
  return [1, 2, 3].reduce<Code>((vector, lane) => v.withLane(vector, number(lane as Lane), lane), v.splat(number(0)));
}

/** Four vectors, the rows of a square of words, into its columns. */
function transposed([a, b, c, d]: Four, column: (index: number) => number): Code {
  const [low, high] = [words(0, 4, 1, 5), words(2, 6, 3, 7)];
  const [even, odd] = [words(0, 1, 4, 5), words(2, 3, 6, 7)];
  const [w, x, y, z] = [word(0), word(1), word(2), word(3)] as const; // free until the state is set
  return [
    set(w, a),
    set(x, b),
    set(y, c),
    set(z, d),
    set(column(0), v.shuffle(get(w), get(x), low)), // a0 b0 a1 b1
    set(column(2), v.shuffle(get(w), get(x), high)),
    set(column(1), v.shuffle(get(y), get(z), low)),
    set(column(3), v.shuffle(get(y), get(z), high)),
    set(w, v.shuffle(get(column(0)), get(column(1)), even)),
    set(x, v.shuffle(get(column(0)), get(column(1)), odd)),
    set(y, v.shuffle(get(column(2)), get(column(3)), even)),
    set(z, v.shuffle(get(column(2)), get(column(3)), odd)),
    [w, x, y, z].map((from, index) => set(column(index), get(from))),
  ];
}

function words(...order: readonly number[]): number[] {
  return order.flatMap((index) => [0, 1, 2, 3].map((byte) => 4 * index + byte));
}

function bytes16(byte: (index: number) => number): number[] {
  return Array.from({ length: 16 }, (_, index) => byte(index));
}

const get = (local: number): Code => [0x20, local];
const set = (local: number, value: Code): Code => [value, 0x21, local];
const i32 = (value: number): Code => [0x41, signed(value)];
const load = (at: Code): Code => [at, 0x28, 2, 0];
const add = (a: Code, b: Code): Code => [a, b, 0x6a];
const sub = (a: Code, b: Code): Code => [a, b, 0x6b];
const and = (a: Code, b: Code): Code => [a, b, 0x71];
const or = (a: Code, b: Code): Code => [a, b, 0x72];
const shl = (a: Code, bits: number): Code => [a, i32(bits), 0x74];
const less = (a: Code, b: Code): Code => [a, b, 0x49];
/** The first where the third is not zero, else the second. */
const choose = (a: Code, b: Code, which: Code): Code => [a, b, which, 0x1b];
/** Runs the body again as long as the number it ends with is not zero. */
const loop = (...bodyAndCondition: readonly Code[]): Code => [0x03, 0x40, bodyAndCondition, 0x0d, 0, 0x0b];

const vector =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [operands, 0xfd, unsigned(opcode)];
const v = {
  load: (at: Code, offset: number): Code => [at, 0xfd, 0, 0, unsigned(offset)],
  store: (at: Code, value: Code, offset: number): Code => [at, value, 0xfd, 11, 0, unsigned(offset)],
  const: (bytes: readonly number[]): Code => [0xfd, 12, bytes],
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [a, b, 0xfd, 13, bytes],
  swizzle: vector(14),
  splat: vector(17),
  withLane: (value: Code, number: Code, lane: number): Code => [value, number, 0xfd, 28, lane],
  and: vector(78),
  or: vector(80),
  xor: vector(81),
  choose: vector(82), // bits of the first where the third has ones, else of the second
  shrU8: vector(109),
  shl: vector(171),
  shrU: vector(173),
  add: vector(174),
};

/** After its length in bytes. */
function sized(code: Code): Code {
  const bytes = flat(code);
  return [unsigned(bytes.length), bytes];
}

function flat(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === "number") into.push(part);
    else flat(part, into);
  }
  return into;
}

/** LEB128 */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  return rest === (low >= 0x40 ? -1 : 0) ? [low] : [low | 0x80, ...signed(rest)];
}
