// Users with valid tokens, and an expired token.
import { createHmac, randomUUID } from "node:crypto";
import { createTaskClient, type TaskClient } from "@tasks-api/client";

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

export const API_URL = environment("API_URL");
const SECRET = environment("BETTER_AUTH_SECRET");

export function token(user_id: string, lifetime = 3600): string {
  const now = Math.floor(Date.now() / 1000);
  const parts = [{ alg: "HS256", typ: "JWT" }, { sub: user_id, iat: now, exp: now + lifetime }];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

export const EXPIRED_TOKEN = (user_id: string): string => token(user_id, -60);

/** Returns a user that no other test uses, and a client for it. */
export function newUser(user_id: string = randomUUID()): { api: TaskClient; user_id: string } {
  return { api: createTaskClient({ baseUrl: API_URL, getToken: () => token(user_id) }), user_id };
}
