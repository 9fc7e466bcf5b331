// What an operation takes and gives, worked out from the types that openapi-typescript writes.
import type { routes } from "./contract.js";
import type { operations } from "./schema.js";

/** The name of an operation, its `operationId` in the contract. */
export type OperationId = keyof typeof routes;

/** The operations that read. */
export type ReadOperationId = {
  [Id in OperationId]: (typeof routes)[Id][0] extends "GET" ? Id : never;
}[OperationId];

/** The operations that change something. */
export type WriteOperationId = Exclude<OperationId, ReadOperationId>;

/** The operations that list, page by page. */
export type ListOperationId = {
  [Id in OperationId]: Result<Id> extends Page<unknown> ? Id : never;
}[OperationId];

/**
 * What an operation takes: its path, query and header parameters by name, and `body` if it has one.
 *
 * `If-None-Match` is left to `http`: a method gives a body, and 304 has none.
 */
export type Arguments<Id extends OperationId> = Simplified<
  Parameters<Id, "path"> &
    MaybeUndefined<Parameters<Id, "query">> &
    MaybeUndefined<Omit<Parameters<Id, "header">, "If-None-Match">> &
    Body<Id>
>;

/** What an operation gives when it succeeds. */
export type Result<Id extends OperationId> = Content<Id, SuccessStatus<Id>>;

/** The statuses with which an operation fails. */
export type ErrorStatus<Id extends OperationId> = Exclude<Status<Id>, SuccessStatus<Id> | 304>;

/** The body of an operation's failure. */
export type ErrorBody<Id extends OperationId, S extends ErrorStatus<Id>> = Content<Id, S>;

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

// Of an operation without any, openapi-typescript says `query?: never`.
type Parameters<Id extends OperationId, Place extends "path" | "query" | "header"> = [
  NonNullable<operations[Id]["parameters"][Place]>,
] extends [never]
  ? unknown
  : NonNullable<operations[Id]["parameters"][Place]>;

type Body<Id extends OperationId> = operations[Id] extends {
  requestBody: { content: { "application/json": infer Content } };
}
  ? { body: Content }
  : unknown;

type Status<Id extends OperationId> = keyof operations[Id]["responses"] & number;

type SuccessStatus<Id extends OperationId> = {
  [S in Status<Id>]: `${S}` extends `2${string}` ? S : never;
}[Status<Id>];

type Content<Id extends OperationId, S extends Status<Id>> = operations[Id]["responses"][S] extends {
  content: { "application/json": infer Content };
}
  ? Content
  : never;

// A filter that is not set is not sent, so `undefined` may stand for it even under exactOptionalPropertyTypes.
type MaybeUndefined<T> = { [K in keyof T]: T[K] | undefined };

// An editor then shows the properties instead of how they were worked out.
type Simplified<T> = { [K in keyof T]: T[K] };
