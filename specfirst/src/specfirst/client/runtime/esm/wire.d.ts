import type { Place } from "./types.js";
export declare const isJson: (type: string) => boolean;
export declare const isObject: (value: unknown) => value is object;
/** Returns the pairs `name=value` of a query parameter, a cookie or a property of a form. */
export declare function pairs(name: string, value: unknown, place: Place): string[];
/** Returns the text of a path parameter. */
export declare function segment(name: string, value: unknown, { style, explode, json }: Place): string;
/** Returns the value of a header. */
export declare const field: (value: unknown, { explode, json }: Place) => string;
/** Reads a body in the syntax of its media type; undefined if it is empty. */
export declare function read(response: Response, type: string): Promise<unknown>;
