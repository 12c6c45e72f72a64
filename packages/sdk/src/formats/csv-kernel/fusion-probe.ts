import { lessProduct } from "./number-cell.ts";
import { f64, FunctionCode, i32, wasmModule } from "./wasm-code.ts";

export const probePages = 1;

/**
 * A module whose `run` answers 1 where the processor takes a product from a number without rounding it first, as nearly
 * all do, and 0 elsewhere: WebAssembly leaves it open.
 */
export function fusionProbe(): Uint8Array<ArrayBuffer> {
  const code = new FunctionCode(0, 0);
  const [factor, from] = [f64.load(i32.const(0)), f64.load(i32.const(8))];
  // The square ends in 2^-60, which no double near 1 has.
  const numbers = new Uint8Array(Float64Array.of(1 + 2 ** -30, 1 + 2 ** -29).buffer);
  const body = code.encoded(f64.ne(lessProduct(from, factor, factor), f64.const(0)));
  return wasmModule(0, body, probePages, [{ at: 0, bytes: [...numbers] }]);
}
