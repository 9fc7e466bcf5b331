// A minimal Better Auth server whose tokens the Tasks API accepts. README.md in this folder says how to run it.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";
import { SignJWT } from "jose";
import pg from "pg";

const url = new URL(process.env.BETTER_AUTH_URL ?? "http://localhost:3001");
const secret = process.env.BETTER_AUTH_SECRET;
const algorithm = process.env.JWT_ALGORITHM ?? "EdDSA";
// Origins of the front ends that may call this server from a browser, separated by commas.
const origins = (process.env.FRONTEND_URL ?? "http://localhost:3000").split(",").map((origin) => origin.trim());

// EdDSA, ES256 or RS256: the plugin makes a key pair, signs with it and publishes the public key.
const keySet = { jwks: { keyPairConfig: { alg: algorithm } } };
// HS256: this server signs with the secret that the API has as its BETTER_AUTH_SECRET. The plugin then requires a
// `remoteUrl`, which is never requested.
const sharedSecret = {
  jwks: { remoteUrl: `${url.origin}/no-keys`, keyPairConfig: { alg: "HS256" } },
  jwt: {
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret)),
  },
};

const auth = betterAuth({
  baseURL: url.origin,
  secret,
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL }),
  emailAndPassword: { enabled: true },
  // Better Auth refuses requests of other origins that change something. It sends no CORS headers; see below.
  trustedOrigins: origins,
  plugins: [
    // GET /api/auth/token returns the user's token for the API, GET /api/auth/jwks returns the public keys.
    jwt(algorithm === "HS256" ? sharedSecret : keySet),
    // Lets clients without cookies, such as curl, send their session in a header.
    bearer(),
  ],
});

// Better Auth's tables are in the PostgreSQL schema `public`; the API's tables are in `tasks_api`.
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();

const handler = toNodeHandler(auth);

// Cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol): a browser on another origin asks with OPTIONS
// before it posts JSON, and shows a page only responses that allow its origin.
createServer((request, response) => {
  const { origin } = request.headers;
  response.setHeader("Vary", "Origin");
  if (origins.includes(origin)) {
    response.setHeader("Access-Control-Allow-Origin", origin);
    // The session is a cookie.
    response.setHeader("Access-Control-Allow-Credentials", "true");
    // The session for clients without cookies (the `bearer` plugin), and the token (the `jwt` plugin).
    response.setHeader("Access-Control-Expose-Headers", "set-auth-token, set-auth-jwt");
  }
  if (request.method === "OPTIONS") {
    if (origins.includes(origin)) {
      response.setHeader("Access-Control-Allow-Methods", "GET, POST");
      response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
      response.setHeader("Access-Control-Max-Age", "600");
    }
    response.writeHead(204).end();
    return;
  }
  handler(request, response);
}).listen(url.port, url.hostname, () => console.log(`Better Auth ${url.origin}`));
