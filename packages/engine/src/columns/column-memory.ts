/** One growing memory that vector code addresses as well: columns in it are computed where they stand. */
export interface ColumnMemory {
  /** What vector code imports. */
  readonly imported: object;
  /** Numbers at the start of the memory that belong to whoever computes, between one call and the next. */
  readonly work: Float64Array;
  /** Whether a column, or a part of one, stands here: its `byteOffset` is then its address. */
  holds(column: Float64Array): boolean;
  /** Room for a column, its contents undefined; undefined when the memory is full. */
  take(length: number): Float64Array | undefined;
  /** Gives the room back. Whoever still holds the column must not touch it again. */
  release(column: Float64Array): void;
}

let made: ColumnMemory | null | undefined;

/** Made with its first use; none where the runtime has no WebAssembly with shared memories. */
export function columnMemory(): ColumnMemory | undefined {
  if (made === undefined) made = makeMemory() ?? null;
  return made ?? undefined;
}

/** Whether columns stand in the memory of `columnMemory`, all of them. */
export function inColumnMemory(columns: readonly Float64Array[]): boolean {
  if (!made) return false;
  for (const column of columns) if (!made.holds(column)) return false;
  return true;
}

const pageBytes = 65_536;
const pagesMax = 65_535; // 4 GB less a page, so that no end of a column is 0; only what is touched is taken from the system
const workBytes = 2 * pageBytes;

function makeMemory(): ColumnMemory | undefined {
  const { WebAssembly: wasm } = globalThis as { WebAssembly?: WebAssemblyLike };
  if (!wasm) return undefined;
  const memory = reserve(wasm);
  if (!memory) return undefined;
  const buffers = new Set<ArrayBufferLike>([memory.buffer]);
  const released = new Map<number, number[]>();
  let end = workBytes;

  const grow = (bytes: number): boolean => {
    const held = memory.buffer.byteLength;
    if (bytes <= held) return true;
    const pages = Math.ceil(Math.max(bytes - held, held) / pageBytes);
    const room = pagesMax - held / pageBytes;
    if (Math.ceil((bytes - held) / pageBytes) > room) return false;
    try {
      memory.grow(Math.min(pages, room));
    } catch {
      return false;
    }
    buffers.add(memory.buffer);
    return true;
  };

  return {
    imported: memory,
    work: new Float64Array(memory.buffer, 0, workBytes / 8),
    holds: ({ buffer }) => buffers.has(buffer),
    take(length) {
      const bytes = sizeClass(length * 8);
      const address = released.get(bytes)?.pop();
      if (address !== undefined) return new Float64Array(memory.buffer, address, length);
      if (!grow(end + bytes)) return undefined;
      const column = new Float64Array(memory.buffer, end, length);
      end += bytes;
      return column;
    },
    release(column) {
      const bytes = sizeClass(column.byteLength);
      const addresses = released.get(bytes);
      if (addresses) addresses.push(column.byteOffset);
      else released.set(bytes, [column.byteOffset]);
    },
  };
}

function reserve(wasm: WebAssemblyLike): SharedMemory | undefined {
  try {
    // Shared, because what stands in a shared memory stays where it is when the memory grows.
    return new wasm.Memory({ initial: workBytes / pageBytes, maximum: pagesMax, shared: true });
  } catch {
    return undefined; // no room for so many addresses: columns are then plain ones
  }
}

/**
 * Bytes set aside for so many: eight sizes to a doubling, so that columns of nearly one length replace each other, and an
 * odd number of cache lines, because columns a power of two apart compete for the same few lines of the cache.
 */
function sizeClass(bytes: number): number {
  const step = Math.max(128, 2 ** (Math.floor(Math.log2(Math.max(1, bytes))) - 3));
  return Math.ceil(bytes / step) * step + 64 * 17;
}

/** What is used of a global that the types of this package do not know. */
interface WebAssemblyLike {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => SharedMemory;
}

interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}
