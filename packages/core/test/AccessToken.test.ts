import { assert, describe, it } from "@effect/vitest";
import * as AccessToken from "@x/core/AccessToken";
import { accessToken, everyText } from "./scripted.ts";

describe("AccessToken", () => {
  const token = accessToken("canary-token", { scope: "read", thumbprint: "thumb" });

  it("shows its value in no text", () => {
    assert.notInclude(everyText(token), "canary");
    assert.notInclude(everyText({ nested: [token] }), "canary");
    assert.notInclude(`${String(token)} ${String([token])}`, "canary");
    assert.notInclude(everyText(new Map([[token, token]])), "canary");
  });

  it("shows when it ends, and what it is good for", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(token)), {
      _id: "AccessToken",
      value: "<redacted>",
      scope: "read",
      missingScope: [],
      issuedAt: 0,
      expiresAt: 3_600_000,
      thumbprint: "thumb",
    });
  });

  it("is the same as another with the same value, whatever else differs", () => {
    const again = accessToken("canary-token", { issuedAt: 5, expiresAt: 6 });
    assert.isTrue(AccessToken.hasSameValue(token, again));
    assert.isFalse(AccessToken.hasSameValue(token, accessToken("canary-tokem")));
  });
});
