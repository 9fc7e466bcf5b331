import { type HttpHandler } from "msw";
import type { OperationId, Result } from "./types.js";
/** Answers of single operations: a result, or a `Response`, or a function of the request that returns one of them. */
export type Answers = {
    [Id in OperationId]?: Result<Id> | Response | ((request: Request, parameters: Record<string, string>) => unknown);
};
/**
 * Returns one handler per operation: `setupServer(...handlers("https://api.example.com"))`.
 *
 * Each answers with the contract's example of the success response, or as `answers` says.
 */
export declare function handlers(baseUrl: string, answers?: Answers): HttpHandler[];
