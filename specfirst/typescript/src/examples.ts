// A stand-in for the module that `specfirst client typescript` writes, so that the others compile.
import type { Example } from "./types.js";

export declare const examples: Readonly<Record<string, readonly Example[]>>;
