"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.UnexpectedResponseError = exports.ApiError = void 0;
exports.failure = failure;
class Failure extends Error {
    /** The operation that failed. */
    operationId;
    status;
    body;
    /** The response, for its headers, such as `Retry-After`. Its body is already read. */
    response;
    constructor(operationId, body, response) {
        super(`${operationId} answered ${response.status}: ${inWords(body)}`);
        this.name = "ApiError";
        this.operationId = operationId;
        this.status = response.status;
        this.body = body;
        this.response = response;
    }
    // The same class may be loaded as an ES module and with `require`.
    static [Symbol.hasInstance](value) {
        return value instanceof Error && value.name === "ApiError" && "operationId" in value;
    }
}
// One class at run time. For the compiler, `instanceof` narrows to a union of its instances.
exports.ApiError = Failure;
/** The response is not one of the contract: it is from a proxy, or `baseUrl` is wrong. */
class UnexpectedResponseError extends Error {
    response;
    constructor(response) {
        const type = response.headers.get("Content-Type") ?? "no content";
        super(`${response.url} answered ${response.status} with ${type} that is not the API's; check baseUrl`);
        this.name = "UnexpectedResponseError";
        this.response = response;
    }
}
exports.UnexpectedResponseError = UnexpectedResponseError;
/** Returns the error for a response that is not a success. */
function failure(id, { errors }, body, response, json) {
    const { status } = response;
    const key = [`${status}`, `${Math.floor(status / 100)}XX`, "default"].find((one) => one in errors);
    const shape = key === undefined ? undefined : errors[key];
    const fits = shape && json && Object.entries(shape).every(([name, type]) => kind(property(body, name)) === type);
    return fits || shape === null ? new Failure(id, body, response) : new UnexpectedResponseError(response);
}
function property(value, name) {
    return value === null || typeof value !== "object" ? undefined : value[name];
}
function kind(value) {
    return Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
}
/** Returns the text of an error body: its `detail`, `message` or `title`, or all validation errors. */
function inWords(body) {
    const said = ["detail", "message", "title", "error"].map((name) => property(body, name)).find((one) => one) ?? body;
    const words = (one) => {
        const [place, text] = [property(one, "loc"), property(one, "msg")];
        return Array.isArray(place) ? `${place.join(".")}: ${String(text)}` : typeof one === "string" ? one : JSON.stringify(one);
    };
    return Array.isArray(said) ? said.map(words).join("; ") : String(words(said) ?? "no content");
}
