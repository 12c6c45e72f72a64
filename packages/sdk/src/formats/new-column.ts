/** A column to be filled. It is not cleared first: nobody sees more of it than the rows that were written. */
export function newColumn(length: number): Float64Array {
  return new Float64Array(Buffer.allocUnsafeSlow(length * 8).buffer);
}
