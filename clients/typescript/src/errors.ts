import type { ErrorBody, ErrorStatus, OperationId } from "./operations.js";

class Failure<Id extends OperationId, Status extends number, Body> extends Error {
  /** The operation that failed. */
  readonly operationId: Id;
  readonly status: Status;
  readonly body: Body;
  /** The response, for its headers, such as `Retry-After`. Its body is already read. */
  readonly response: Response;

  constructor(operationId: Id, body: Body, response: Response) {
    super(`${operationId} answered ${response.status}: ${inWords((body as { detail: unknown }).detail)}`);
    this.name = "TaskApiError";
    this.operationId = operationId;
    this.status = response.status as Status;
    this.body = body;
    this.response = response;
  }
}

/**
 * The API sent one of the error responses of the contract.
 *
 * Comparing `status` narrows `body`, and comparing `operationId` narrows `status` to the statuses of that operation:
 *
 *     if (error instanceof TaskApiError && error.status === 422) error.body.detail[0]?.loc
 */
export type TaskApiError<Id extends OperationId = OperationId> = Id extends OperationId
  ? { [Status in ErrorStatus<Id>]: Failure<Id, Status, ErrorBody<Id, Status>> }[ErrorStatus<Id>]
  : never;

// One class at run time. For the compiler, `instanceof` narrows to a union of its instances.
export const TaskApiError: abstract new (...none: never) => TaskApiError = Failure;

/** The response is not one of the contract: it is from a proxy, or `baseUrl` is wrong. */
export class UnexpectedResponseError extends Error {
  readonly response: Response;

  constructor(response: Response) {
    const type = response.headers.get("Content-Type") ?? "no content";
    super(`${response.url} answered ${response.status} with ${type} that is not the API's; check baseUrl`);
    this.name = "UnexpectedResponseError";
    this.response = response;
  }
}

/** Returns the error for a response that is not a success. */
export function failure(operationId: OperationId, body: unknown, response: Response): Error {
  const detail = (body as { detail?: unknown } | null | undefined)?.detail;
  const known = response.status === 422 ? Array.isArray(detail) : typeof detail === "string";
  return known ? new Failure(operationId, body, response) : new UnexpectedResponseError(response);
}

function inWords(detail: unknown): string {
  return Array.isArray(detail)
    ? detail.map(({ loc, msg }: { loc: unknown[]; msg: string }) => `${loc.join(".")}: ${msg}`).join("; ")
    : String(detail);
}
