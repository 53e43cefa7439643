/** An API behind a token endpoint, and the calls that it receives. */
import { header } from "@x/testing/ReceivedRequest";
import * as TokenServer from "@x/testing/TokenServer";
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { overTls } from "./acme.ts";

/** Starts a vendor that issues `token-0`, `token-1` and so on; its API plays the given answers. */
const vendor = (...answers: NonEmptyReadonlyArray<TokenServer.Answer>): TokenServer.Script => {
  let tokens = 0;
  let calls = 0;
  return ({ path }) =>
    path === "/oauth/token"
      ? TokenServer.token({ access_token: `token-${tokens++}` })
      : (answers[Math.min(calls++, answers.length - 1)] ?? answers[0]);
};

export const against = (...answers: NonEmptyReadonlyArray<TokenServer.Answer>) =>
  Effect.provide(overTls(vendor(...answers)));

export const status = (code: number, headers: Readonly<Record<string, string>> = {}) =>
  TokenServer.respond("", { status: code, headers });
export const order = TokenServer.json({ id: "7", total: 12 });

/** Requests to the API: path, token and body, in order. */
export const calls = Effect.gen(function* () {
  const { requests } = yield* TokenServer.TokenServer;
  return (yield* requests)
    .filter(({ path }) => path !== "/oauth/token")
    .map((request) => ({
      path: request.path,
      token: header(request, "authorization"),
      body: request.body,
      type: header(request, "content-type"),
    }));
});

export const tokensOf = Effect.map(calls, (all) => all.map(({ token }) => token));

export const Order = Schema.Struct({ id: Schema.String, total: Schema.Finite });
