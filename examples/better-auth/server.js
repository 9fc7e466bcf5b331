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
  // Origin of the front end that may call this server from a browser.
  trustedOrigins: [process.env.FRONTEND_URL ?? "http://localhost:3000"],
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

createServer(toNodeHandler(auth)).listen(url.port, url.hostname, () => console.log(`Better Auth ${url.origin}`));
