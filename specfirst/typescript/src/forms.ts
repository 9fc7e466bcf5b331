// Bodies that are forms. A client has this module only if its contract has such bodies.
import type { Route } from "./types.js";
import { isObject, pairs } from "./wire.js";

/** Writes an object as a form; undefined for any other media type. */
export function form(body: unknown, type: string, encoding: Route["encoding"] = {}): BodyInit | undefined {
  const encoded = type === "application/x-www-form-urlencoded";
  if ((!encoded && type !== "multipart/form-data") || body instanceof FormData) return undefined;
  const data = new FormData();
  const all: string[] = [];
  for (const [name, value] of Object.entries(body as object).filter(([, one]) => one != null)) {
    if (encoded) all.push(...pairs(name, value, encoding[name] ?? { json: isObject(value) && !Array.isArray(value) }));
    else {
      for (const one of [value].flat()) {
        data.append(name, one instanceof Blob ? one : isObject(one) ? JSON.stringify(one) : String(one));
      }
    }
  }
  return encoded ? all.join("&") : data;
}
