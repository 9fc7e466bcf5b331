import type { Place } from "./types.js";
/** Writes an object as a form; undefined for any other media type. */
export declare function form(body: unknown, type: string, encoding?: Readonly<Record<string, Place>>): BodyInit | undefined;
