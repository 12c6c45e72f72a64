export { defineInstrument, type Instrument } from "./instrument.ts";
