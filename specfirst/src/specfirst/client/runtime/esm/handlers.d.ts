import { type HttpHandler } from "msw";
import type { ErrorStatus, OperationId, Result, Servers } from "./types.js";
/** Answers of single operations: a result, the status of an example, a `Response`, or a function that returns one. */
export type Answers = {
    [Id in OperationId]?: Answer<Id> | ((request: Request, parameters: object) => Answer<Id> | Promise<Answer<Id>>);
};
type Answer<Id extends OperationId> = Result<Id> | ErrorStatus<Id> | Response;
/**
 * Returns one handler per operation: `setupServer(...handlers("https://api.example.com"))`.
 *
 * Each answers with the contract's example of the success response, or as `answers` says. `servers` is that of the
 * client.
 */
export declare function handlers(baseUrl: string, answers?: Answers, servers?: Servers["servers"]): HttpHandler[];
export {};
