/**
 * Linear convolution `result[n] = sum over k of a[k] b[n - k]` for `0 <= n < length`, by fast Fourier transform:
 * O(n log n), error of the order of rounding times the norms of both.
 */
export function convolve(a: Float64Array, b: Float64Array, length: number): Float64Array {
  let size = 1;
  while (size < a.length + b.length) size *= 2;
  const aReal = new Float64Array(size);
  const aImaginary = new Float64Array(size);
  const bReal = new Float64Array(size);
  const bImaginary = new Float64Array(size);
  aReal.set(a);
  bReal.set(b);
  transform(aReal, aImaginary);
  transform(bReal, bImaginary);
  for (let k = 0; k < size; k++) {
    const real = aReal[k]! * bReal[k]! - aImaginary[k]! * bImaginary[k]!;
    // Conjugated, so that the forward transform works as the inverse.
    aImaginary[k] = -(aReal[k]! * bImaginary[k]! + aImaginary[k]! * bReal[k]!);
    aReal[k] = real;
  }
  transform(aReal, aImaginary);
  return aReal.subarray(0, length).map((value) => value / size);
}

/** Radix-2 Cooley-Tukey in place; the length is a power of two. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j]!, real[i]!];
      [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
    }
  }
  const cosines = new Float64Array(size / 2);
  const sines = new Float64Array(size / 2);
  for (let k = 0; k < size / 2; k++) {
    cosines[k] = Math.cos((2 * Math.PI * k) / size);
    sines[k] = -Math.sin((2 * Math.PI * k) / size);
  }
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [even, odd] = [start + k, start + k + half];
        const cosine = cosines[k * stride]!;
        const sine = sines[k * stride]!;
        const oddReal = real[odd]! * cosine - imaginary[odd]! * sine;
        const oddImaginary = real[odd]! * sine + imaginary[odd]! * cosine;
        real[odd] = real[even]! - oddReal;
        imaginary[odd] = imaginary[even]! - oddImaginary;
        real[even]! += oddReal;
        imaginary[even]! += oddImaginary;
      }
    }
  }
}
