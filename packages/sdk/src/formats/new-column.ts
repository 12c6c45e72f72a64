const largeBytes = 1 << 20;
let keepsFreed = false;

/** A column to be filled. It is not cleared first: nobody sees more of it than the rows that were written. */
export function newColumn(length: number): Float64Array {
  const bytes = length * Float64Array.BYTES_PER_ELEMENT;
  if (bytes >= largeBytes && !keepsFreed) {
    keepsFreed = true;
    keepFreedBlocks();
  }
  return new Float64Array(Buffer.allocUnsafeSlow(bytes).buffer);
}

/**
 * Makes glibc keep the memory of columns that are let go. It hands large blocks back to the system when they are freed, and
 * the pages of the next columns are fetched anew one by one, which takes as long as parsing what stands in them. What
 * is large, it learns from the blocks it gets back: one of nearly 32 MB, the most it lets itself be taught, is freed here
 * without having been touched. To other allocators this is nothing.
 *
 * @see mallopt(3) on `M_MMAP_THRESHOLD`, which is dynamic, and `M_TRIM_THRESHOLD`, which follows it
 */
function keepFreedBlocks(): void {
  Buffer.allocUnsafeSlow((32 << 20) - (64 << 10)).buffer.transfer(0);
}
