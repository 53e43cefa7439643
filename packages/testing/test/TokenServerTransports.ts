/** The two transports of a script, and the outcome of an answer for a client. */
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import * as Layer from "effect/Layer";

/** A scripted server on sockets, with an undici client that trusts it. */
export const overTls = (script: TokenServer.Script) =>
  Layer.unwrap(
    Effect.map(TokenServer.TokenServer, ({ certificateAuthority }) =>
      TestHttpClient.layer(certificateAuthority),
    ),
  ).pipe(Layer.provideMerge(TokenServer.layer(script)));

export const transports = [
  ["over TLS", overTls],
  ["in memory", TokenServer.layerHttpClient],
] as const;

export type Outcome =
  | { readonly status: number; readonly text: string }
  | {
      /** Whether the failure came before or after the head. */
      readonly at: "head" | "body";
      readonly reason: string;
      readonly cause: string;
      readonly code: string | undefined;
    };

const failure =
  (at: "head" | "body") =>
  ({ reason }: HttpClientError): Outcome => {
    const cause = reason.cause as Error & { readonly code?: string };
    return { at, reason: reason._tag, cause: cause.name, code: cause.code };
  };

/** Posts and reads the whole answer. */
export const outcome = (url: string) =>
  HttpClient.post(url).pipe(
    Effect.matchEffect({
      onFailure: (error) => Effect.succeed(failure("head")(error)),
      onSuccess: (response) =>
        Effect.match(response.text, {
          onFailure: failure("body"),
          onSuccess: (text): Outcome => ({ status: response.status, text }),
        }),
    }),
  );

/** Polls until a condition is true. */
export const until = (state: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(state, (reached) =>
    reached ? Effect.void : Effect.andThen(Effect.sleep("2 millis"), until(state)),
  );
