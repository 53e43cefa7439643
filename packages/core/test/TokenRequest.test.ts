import { assert, describe, it } from "@effect/vitest";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Redacted from "effect/Redacted";
import * as wire from "../src/internal/wire.ts";

const url = "https://login.acme.test/token";
const body = (params: TokenRequest.Params) =>
  wire.body(TokenRequest.make(url, { grant_type: "client_credentials", ...params }));

describe("wire.body", () => {
  const golden: ReadonlyArray<readonly [params: TokenRequest.Params, body: string]> = [
    [{}, "grant_type=client_credentials"],
    [{ scope: "a b" }, "grant_type=client_credentials&scope=a+b"],
    [{ client_secret: "+" }, "grant_type=client_credentials&client_secret=%2B"],
    [{ client_secret: "100%" }, "grant_type=client_credentials&client_secret=100%25"],
    [{ client_secret: "\u00e9" }, "grant_type=client_credentials&client_secret=%C3%A9"],
    [{ client_secret: "a&b=c" }, "grant_type=client_credentials&client_secret=a%26b%3Dc"],
    [{ "a b": "*-._~/" }, "grant_type=client_credentials&a+b=*-._%7E%2F"],
    [
      { client_secret: Redacted.make("s e+c") },
      "grant_type=client_credentials&client_secret=s+e%2Bc",
    ],
  ];
  for (const [params, expected] of golden) {
    it(`encodes ${expected}`, () => {
      assert.strictEqual(body(params), expected);
    });
  }

  it("begins with the grant type and keeps the order of the fields", () => {
    const request = TokenRequest.make(url, {
      grant_type: "password",
      username: "u",
      password: "p",
    });
    assert.strictEqual(wire.body(request), "grant_type=password&username=u&password=p");
  });
});

describe("TokenRequest.withParams", () => {
  const request = TokenRequest.make(url, {
    grant_type: "client_credentials",
    scope: "a",
    audience: "b",
  });

  it("replaces a field in place, so that none is sent twice", () => {
    assert.strictEqual(
      wire.body(TokenRequest.withParams(request, { scope: "c", client_id: "id" })),
      "grant_type=client_credentials&scope=c&audience=b&client_id=id",
    );
  });

  it("leaves undefined fields out, and what was there as it was", () => {
    assert.deepStrictEqual(
      TokenRequest.withParams(request, { scope: undefined, other: undefined }),
      request,
    );
  });

  it("leaves the request that it is given alone", () => {
    TokenRequest.withParams(request, { scope: "c" });
    assert.strictEqual(wire.body(request), "grant_type=client_credentials&scope=a&audience=b");
  });
});

describe("TokenRequest.make", () => {
  it("repeats the field of a list, as RFC 8707 allows", () => {
    const resources = ["https://a.test", "https://b.test"];
    const request = TokenRequest.make(url, { resource: resources, scope: "a" });
    assert.strictEqual(
      wire.body(request),
      "resource=https%3A%2F%2Fa.test&resource=https%3A%2F%2Fb.test&scope=a",
    );
    assert.strictEqual(
      wire.body(TokenRequest.withParams(request, { resource: "c" })),
      "resource=c&scope=a",
    );
  });

  it("makes a JSON body where a vendor asks for one", () => {
    const fields = { grant_type: "x", secret: Redacted.make("s"), resource: ["a", "b"] };
    const request = TokenRequest.make(url, fields, { body: "json" });
    assert.deepStrictEqual(JSON.parse(wire.body(request)), {
      grant_type: "x",
      secret: "s",
      resource: ["a", "b"],
    });
    assert.strictEqual(wire.toHttp(request).headers["content-type"], "application/json");
  });
});

describe("TokenRequest.withHeader", () => {
  it("sets one header and keeps the others", () => {
    const request = TokenRequest.withHeader(
      TokenRequest.withHeader(TokenRequest.make(url, { grant_type: "password" }), "a", "1"),
      "b",
      "2",
    );
    assert.deepStrictEqual(TokenRequest.withHeader(request, "b", "3").headers, { a: "1", b: "3" });
  });
});

describe("wire.mentions", () => {
  const secret = "p+q%r/s \u00e9t-0123456789";
  const inBody = TokenRequest.make(url, {
    grant_type: "client_credentials",
    scope: "public-scope",
    client_secret: Redacted.make(secret),
  });
  const basic = (pair: string) =>
    TokenRequest.withHeader(
      TokenRequest.make(url, { grant_type: "client_credentials" }),
      "authorization",
      Redacted.make(`Basic ${btoa(pair)}`),
    );

  const twice = (text: string) => encodeURIComponent(encodeURIComponent(text));
  const quoted = TokenRequest.make(url, { client_secret: Redacted.make(`p&"s'<w>r`) });

  const echoes: ReadonlyArray<
    readonly [name: string, request: TokenRequest.TokenRequest, echo: string]
  > = [
    ["a secret as it is", inBody, `bad secret ${secret}`],
    ["eight characters of a secret", inBody, `bad secret ${secret.slice(-8)}`],
    ["a percent-encoded secret", inBody, encodeURIComponent(secret).slice(0, 12)],
    ["a form-encoded secret", inBody, wire.formEncode(secret).slice(0, 12)],
    ["a secret in Base64", inBody, Buffer.from(secret).toString("base64")],
    ["a secret in Base64 for URLs", inBody, Buffer.from(secret).toString("base64url")],
    ["a secret in hexadecimal", inBody, Buffer.from(secret).toString("hex").toUpperCase()],
    ["a secret in capitals", inBody, secret.toUpperCase()],
    ["a secret that was percent-encoded twice", inBody, twice(secret)],
    ["a secret that was escaped for HTML", quoted, "p&amp;&quot;s&#39;&lt;w&gt;r"],
    ["a secret that was escaped for HTML otherwise", quoted, "p&amp;&#34;s&#39;&lt;w&gt;r"],
    ["the value of a Basic header", basic("id:topsecret1"), btoa("id:topsecret1")],
    ["the secret inside a Basic header", basic("id:topsecret1"), "no topsecret1 here"],
    ["a secret with colons inside a Basic header", basic("id:top:secret:1"), "top:secret:1"],
    [
      "the plain secret inside a form-encoded Basic header",
      basic(`id:${wire.formEncode("+a%b/c+d%")}`),
      "you sent +a%b/c+d%",
    ],
  ];
  for (const [name, request, echo] of echoes) {
    it(`finds ${name}`, () => {
      assert.isTrue(wire.mentions(request, echo));
    });
  }

  it("finds a secret that only its encoding has in one run", () => {
    const spaced = TokenRequest.make(url, {
      grant_type: "password",
      password: Redacted.make("a b c d e f"),
    });
    assert.isTrue(wire.mentions(spaced, "b%20c%20d"));
    assert.isTrue(wire.mentions(spaced, "a+b+c+d+"));
    assert.isFalse(wire.mentions(spaced, "a-b-c-d-e-f"));
  });

  it("finds eight characters of a secret of nine", () => {
    const nine = TokenRequest.make(url, {
      grant_type: "password",
      password: Redacted.make("123456789"),
    });
    assert.isTrue(wire.mentions(nine, "23456789"));
    assert.isFalse(wire.mentions(nine, "2345678"));
  });

  it("finds a secret of less than eight characters only as a whole", () => {
    const short = TokenRequest.make(url, {
      grant_type: "password",
      password: Redacted.make("pw1"),
    });
    assert.isTrue(wire.mentions(short, "wrong password pw1"));
    assert.isFalse(wire.mentions(short, "wrong password pw"));
  });

  it("finds seven characters of a longer secret harmless, and public values too", () => {
    assert.isFalse(wire.mentions(inBody, secret.slice(-7)));
    assert.isFalse(wire.mentions(inBody, "unknown scope public-scope"));
  });

  it("finds nothing where a secret is empty", () => {
    const empty = TokenRequest.make(url, { grant_type: "password", password: Redacted.make("") });
    assert.isFalse(wire.mentions(empty, "anything"));
  });

  it("takes a secret that is not well-formed Unicode", () => {
    const odd = TokenRequest.make(url, {
      grant_type: "password",
      password: Redacted.make("12345678\ud800"),
    });
    assert.isTrue(wire.mentions(odd, "you sent 12345678"));
    assert.isFalse(wire.mentions(odd, "no"));
  });
});
