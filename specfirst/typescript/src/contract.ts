// A stand-in for the module that `specfirst client typescript` writes, so that the others compile.
import type { Codecs, Scheme, Table } from "./types.js";

export interface Operations {
  getThing: {
    arguments: { id: string; "If-Match"?: string | undefined };
    options: { ifMatch?: string | undefined };
    result: { name: string } | undefined;
    accepts: { "text/csv": string };
    errors: ErrorGroups["e1"]["errors"];
  };
  listThings: {
    arguments: { cursor?: string | undefined };
    options: {};
    result: { items: string[]; next_cursor: string | null };
    accepts: {};
    errors: ErrorGroups["e1"]["errors"];
  };
  addThing: {
    arguments: { body: { name: string } };
    options: { idempotencyKey?: string | undefined };
    result: undefined;
    accepts: {};
    errors: ErrorGroups["e2"]["errors"];
  };
}
export interface ErrorGroups {
  e1: { operations: "getThing" | "listThings"; errors: { 404: { detail: string } } };
  e2: { operations: "addThing"; errors: { 422: { detail: string[] } } };
}
export type ReadOperationId = "getThing" | "listThings";
export type ListOperationId = "listThings";
export type ServerUrl = "https://files.example.com";
export declare const codecs: Codecs;
export declare const operations: Table;
export declare const schemes: Readonly<Record<string, Scheme>>;
export declare const name: string;
export declare const basePath: string;
export declare const affected: Readonly<Record<string, readonly string[]>>;
