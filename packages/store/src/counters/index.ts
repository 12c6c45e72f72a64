export { nextCount } from "./next-count.ts";
