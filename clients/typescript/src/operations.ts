// The arguments and results of an operation, derived from the types that openapi-typescript generates.
import type { routes } from "./contract.js";
import type { operations } from "./schema.js";

/** The name of an operation, its `operationId` in the contract. */
export type OperationId = keyof typeof routes;

/** The operations with GET. */
export type ReadOperationId = {
  [Id in OperationId]: (typeof routes)[Id][0] extends "GET" ? Id : never;
}[OperationId];

/** The operations with any other method. */
export type WriteOperationId = Exclude<OperationId, ReadOperationId>;

/** The operations that return a page of a list. */
export type ListOperationId = {
  [Id in OperationId]: Result<Id> extends Page<unknown> ? Id : never;
}[OperationId];

/**
 * The arguments of an operation: its path, query and header parameters by name, and `body` if it has one.
 *
 * `If-None-Match` is only in `http`, because a method returns a body and 304 has none.
 */
export type Arguments<Id extends OperationId> = Simplified<
  Parameters<Id, "path"> &
    MaybeUndefined<Parameters<Id, "query">> &
    MaybeUndefined<Omit<Parameters<Id, "header">, "If-None-Match">> &
    Body<Id>
>;

/** The result of an operation: the body of its success response. */
export type Result<Id extends OperationId> = Content<Id, SuccessStatus<Id>>;

/** The statuses of an operation's error responses. */
export type ErrorStatus<Id extends OperationId> = Exclude<Status<Id>, SuccessStatus<Id> | 304>;

/** The body of an operation's error response. */
export type ErrorBody<Id extends OperationId, S extends ErrorStatus<Id>> = Content<Id, S>;

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

// For an operation without parameters, openapi-typescript generates `query?: never`.
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

// An undefined parameter is not sent, so `undefined` is allowed, even with exactOptionalPropertyTypes.
type MaybeUndefined<T> = { [K in keyof T]: T[K] | undefined };

// Makes editors show the properties instead of the type expression.
type Simplified<T> = { [K in keyof T]: T[K] };
