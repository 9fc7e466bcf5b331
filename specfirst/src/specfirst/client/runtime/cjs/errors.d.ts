import type { ErrorGroups, OperationId, Route } from "./types.js";
declare class Failure<Id extends string, Status extends number, Body> extends Error {
    readonly operationId: Id;
    readonly body: Body;
    readonly response: Response;
    readonly name: string;
    readonly status: Status;
    /** The operation that failed, and its response, for headers such as `Retry-After`; its body is already read. */
    constructor(operationId: Id, body: Body, response: Response);
    static [Symbol.hasInstance](value: unknown): boolean;
}
/**
 * The API sent one of the error responses of the contract.
 *
 * Comparing `status` narrows `body`, and comparing `operationId` narrows `status` to the statuses of that operation.
 */
export type ApiError<Id extends OperationId = OperationId> = {
    [Group in keyof ErrorGroups]: InGroup<Id & ErrorGroups[Group]["operations"], ErrorGroups[Group]["errors"]>;
}[keyof ErrorGroups];
type InGroup<Id extends string, Errors> = [Id] extends [never] ? never : {
    [Status in keyof Errors & number]: Failure<Id, Status, Errors[Status]>;
}[keyof Errors & number];
export declare const ApiError: abstract new (...none: never) => ApiError;
/** The response is not one of the contract: it is from a proxy, or `baseUrl` is wrong. */
export declare class UnexpectedResponseError extends Error {
    readonly response: Response;
    readonly name: string;
    constructor(response: Response);
}
/** Returns the error for a response that is not a success. */
export declare function failure(id: string, { errors }: Route, body: unknown, response: Response, json: boolean): Error;
export {};
