import { seededRandom } from "@qmtl/core/random";
import { expect, it } from "vitest";
import { convolve } from "./convolution.ts";
import { volterraProcess } from "./volterra-process.ts";

it("convolves as the sum says", () => {
  const random = seededRandom(1);
  const a = Float64Array.from({ length: 37 }, () => random.normal());
  const b = Float64Array.from({ length: 50 }, () => random.normal());
  const result = convolve(a, b, 50);
  for (let n = 0; n < 50; n++) {
    let sum = 0;
    for (let k = 0; k <= n && k < 37; k++) sum += a[k]! * b[n - k]!;
    expect(result[n]).toBeCloseTo(sum, 12);
  }
  expect(convolve(new Float64Array(0), new Float64Array(0), 0)).toHaveLength(0);
});

it("has the variance t^2H and the covariance with its driver that the integral gives", () => {
  const [steps, dt, hurst, paths] = [32, 0.25, 0.1, 10_000];
  const random = seededRandom("volterra");
  let [square, product] = [0, 0];
  let variance = 0;
  for (let path = 0; path < paths; path++) {
    const { increments, values, variances } = volterraProcess(random, steps, dt, hurst);
    const driver = increments.reduce((sum, value) => sum + value, 0);
    square += values[steps]! ** 2 / paths;
    product += (values[steps]! * driver) / paths;
    variance = variances[steps]!;
  }
  const t = steps * dt;
  expect(Math.abs(variance / t ** (2 * hurst) - 1)).toBeLessThan(0.02); // the cells' means lose a little
  expect(Math.abs(square / variance - 1)).toBeLessThan(0.05); // standard error 0.014
  const expected = (Math.sqrt(2 * hurst) * t ** (hurst + 0.5)) / (hurst + 0.5);
  expect(Math.abs(product / expected - 1)).toBeLessThan(0.07);
});

it("is the driver itself for H = 1/2", () => {
  const { increments, values, variances } = volterraProcess(seededRandom(7), 100, 0.5, 0.5);
  let sum = 0;
  for (let i = 0; i < 100; i++) {
    sum += increments[i]!;
    expect(values[i + 1]).toBeCloseTo(sum, 11);
    expect(variances[i + 1]).toBeCloseTo((i + 1) * 0.5, 11);
  }
});
