export { seededRandom, type Random } from "./random.ts";
export { Xoshiro256 } from "./xoshiro256.ts";
