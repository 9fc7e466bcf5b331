import type { Route } from "./types.js";
/** Writes an object as a form; undefined for any other media type. */
export declare function form(body: unknown, type: string, encoding?: Route["encoding"]): BodyInit | undefined;
