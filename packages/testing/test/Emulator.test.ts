import { assert, describe, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import * as Tracer from "effect/Tracer";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import { accessToken, against, basic, call, listens, post } from "@x/testing/RawHttp";
import { OwnHosts, ownHosts, type Running, SharedHost, sharedHost } from "./emulators.ts";

const run = against(SharedHost, sharedHost());
const form = { grant_type: "client_credentials" };

const grant = ({ clientId, clientSecret, tokenUrl }: Running) =>
  post(tokenUrl, form, basic(clientId, clientSecret));

describe("Emulator", () => {
  it.live("records requests as they came over the wire and counts them", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        yield* post(`${emulator.tokenUrl}?q=1`, { b: "é +", a: "2" }, { "X-Odd": "Ünicode" });
        const [request] = yield* emulator.tokenRequests;
        assert.strictEqual(request?.method, "POST");
        assert.strictEqual(request?.path, "/oauth/v2/token?q=1");
        assert.strictEqual(request?.body, "b=%C3%A9+%2B&a=2");
        assert.deepInclude(request?.headers ?? [], [
          "content-type",
          "application/x-www-form-urlencoded",
        ]);
        assert.isUndefined(request?.certificate);
        assert.closeTo(request?.at ?? 0, Date.now(), 60_000);

        yield* call(`${emulator.apiUrl}/a?x=y`);
        assert.strictEqual(yield* emulator.tokenRequestCount, 1);
        assert.strictEqual(yield* emulator.apiRequestCount, 1);
        assert.strictEqual((yield* emulator.apiRequests)[0]?.path, "/a?x=y");
        yield* emulator.forgetRequests;
        assert.strictEqual(yield* emulator.tokenRequestCount, 0);
        assert.deepStrictEqual(yield* emulator.apiRequests, []);
      }),
    ),
  );

  it.live("refuses token requests that are not a form POST or repeat a field", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        assert.strictEqual((yield* call(emulator.tokenUrl)).status, 405);
        const json = yield* HttpClientRequest.post(emulator.tokenUrl).pipe(
          HttpClientRequest.bodyJsonUnsafe(form),
          HttpClient.execute,
        );
        assert.strictEqual(json.status, 400);
        const repeated = yield* HttpClientRequest.post(emulator.tokenUrl).pipe(
          HttpClientRequest.bodyText(
            "grant_type=a&grant_type=a",
            "application/x-www-form-urlencoded",
          ),
          HttpClient.execute,
        );
        assert.deepInclude(yield* repeated.json, { error: "invalid_request" });
        const bad = yield* post(emulator.tokenUrl.replace("/v2/", "/v1/"), form);
        assert.strictEqual(bad.status, 401);
      }),
    ),
  );

  it.live("sets the lifetime of later tokens and refuses expired ones", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const long = accessToken(yield* grant(emulator));
        yield* emulator.setTokenLifetime("0 millis");
        const short = yield* grant(emulator);
        assert.strictEqual(short.json["expires_in"], 0);
        assert.strictEqual((yield* call(`${emulator.apiUrl}/a`, long)).status, 200);
        const refused = yield* call(`${emulator.apiUrl}/a`, accessToken(short));
        assert.strictEqual(refused.status, 401);
        assert.strictEqual(refused.headers["www-authenticate"], 'Bearer error="invalid_token"');
        yield* emulator.setTokenLifetime("1900 millis");
        assert.strictEqual((yield* grant(emulator)).json["expires_in"], 1);
      }),
    ),
  );

  it.effect("expires tokens by the clock of the layer", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const token = accessToken(yield* grant(emulator));
        yield* TestClock.adjust("59 minutes");
        assert.strictEqual((yield* call(`${emulator.apiUrl}/a`, token)).status, 200);
        yield* TestClock.adjust("1 minute");
        assert.strictEqual((yield* call(`${emulator.apiUrl}/a`, token)).status, 401);
        assert.deepStrictEqual(
          (yield* emulator.apiRequests).map(({ at }) => at),
          [3_540_000, 3_600_000],
        );
      }),
    ),
  );

  it.live("leaves no spans in the caller's traces", () =>
    Effect.gen(function* () {
      const kinds: Array<Tracer.SpanKind> = [];
      const tracer = Tracer.make({
        span: (options) => {
          kinds.push(options.kind);
          return new Tracer.NativeSpan(options);
        },
      });
      yield* run(grant).pipe(Effect.withTracer(tracer));
      assert.deepStrictEqual(kinds, ["client"]);
    }),
  );

  it.live("takes the first lifetime from the layer's options", () =>
    against(
      SharedHost,
      sharedHost({ tokenLifetime: "15 minutes" }),
    )((emulator) =>
      Effect.map(grant(emulator), ({ json }) => assert.strictEqual(json["expires_in"], 900)),
    ),
  );

  it.live("revokes the tokens issued so far but not later ones", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const before = accessToken(yield* grant(emulator));
        yield* emulator.revokeTokens;
        const after = accessToken(yield* grant(emulator));
        assert.strictEqual((yield* call(`${emulator.apiUrl}/a`, before)).status, 401);
        assert.strictEqual((yield* call(`${emulator.apiUrl}/a`, after)).status, 200);
      }),
    ),
  );

  it.live("is not trusted by clients with another authority", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const other = yield* Layer.build(Layer.fresh(sharedHost()));
        const { certificateAuthority } = Context.get(other, SharedHost);
        const refused = yield* Effect.flip(HttpClient.get(emulator.apiUrl)).pipe(
          Effect.provide(TestHttpClient.layer(certificateAuthority), { local: true }),
        );
        assert.strictEqual(refused.reason._tag, "TransportError");
        assert.strictEqual(yield* emulator.apiRequestCount, 0);
      }),
    ),
  );

  it.live("answers calls on a host of its own and 404 outside the API's path", () =>
    against(
      OwnHosts,
      ownHosts(),
    )(
      Effect.fnUntraced(function* (emulator) {
        assert.notStrictEqual(new URL(emulator.apiUrl).origin, new URL(emulator.tokenUrl).origin);
        const token = accessToken(yield* grant(emulator));
        assert.strictEqual((yield* call(`${emulator.apiUrl}/a`, token)).status, 200);
        const outside = yield* call(new URL("/a", emulator.apiUrl).href, token);
        assert.strictEqual(outside.status, 404);
      }),
    ),
  );

  it.live("frees every port with the scope although connections are open", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make();
      const layers = Layer.mergeAll(sharedHost(), ownHosts());
      const context = yield* Layer.buildWithScope(layers, scope);
      const emulators = [Context.get(context, SharedHost), Context.get(context, OwnHosts)];
      const listening = Effect.forEach(emulators, ({ apiUrl, certificateAuthority, tokenUrl }) =>
        Effect.all([
          listens(tokenUrl, certificateAuthority),
          listens(apiUrl, certificateAuthority),
        ]),
      );
      for (const emulator of emulators) {
        // the client outlives the server, so its idle connections are open when the scope closes
        const client = yield* Layer.build(
          Layer.fresh(TestHttpClient.layer(emulator.certificateAuthority)),
        );
        yield* Effect.provideContext(call(`${emulator.apiUrl}/a`), client);
      }
      assert.isTrue((yield* listening).flat().every((open) => open));
      yield* Scope.close(scope, Exit.void);
      assert.isFalse((yield* listening).flat().some((open) => open));
    }),
  );
});
