export { main } from "./program/main.ts";
